# People's commands. CMake does the work; `make help` lists them.
MAKEFLAGS += --no-print-directory
BUILD := build/release
JOBS  := $(shell nproc)
MAKEFLAGS += --no-print-directory

.PHONY: all run test soak bench install format lint fuzz check-ct cross mutants clean help

all: ## build the library and the program
	@scripts/bootstrap build
	@cmake --preset release --log-level=WARNING && cmake --build $(BUILD) -j $(JOBS)

run: all ## fly a real flight through a post-quantum session and print what held
	@scripts/bootstrap run
	@scripts/run-flight

test: ## everything that is proven in under ten minutes
	@scripts/bootstrap test
	@scripts/test

soak: ## the long form of everything: hours, not minutes
	@scripts/bootstrap test
	@scripts/soak

bench: all ## measure this machine; the table and the plot go to docs/performance.md
	@$(BUILD)/head2 bench --isa all --report docs

install: all ## install under PREFIX (default /usr/local); DESTDIR is respected
	@cmake --install $(BUILD) $(if $(PREFIX),--prefix $(PREFIX))

format: ## rewrite the sources in the house style
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint: ## style, layers, static analysis
	@scripts/lint

fuzz: ## every fuzzer for T seconds (default 60)
	@scripts/fuzz $(or $(T),60)

check-ct: ## constant time: valgrind and objdump, with every compiler that is here
	@scripts/bootstrap test
	@scripts/check-ct

cross: ## the C tests on aarch64 and on big-endian s390x, under emulation
	@scripts/bootstrap test
	@scripts/cross aarch64 && scripts/cross s390x

mutants: ## make each known mistake and see its test find it
	@scripts/mutants

clean: ## remove what was built
	@rm -rf build

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12
