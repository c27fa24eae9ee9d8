/* The program `head2`: see cli/parse.c for how a verb is found, cli/verbs.c for which there are. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
