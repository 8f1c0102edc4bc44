/* labctl: argv → command table.  The only exit(). */
#include <stdlib.h>

#include "cmd/cmd.h"

int main(int argc, char **argv)
{
    exit(cmd_main(argc, argv));
}
