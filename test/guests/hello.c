/* Prints its arguments and leaves with their number.
 * @args ["one", "two words", ""] */
#include "guest.h"

int main(int argc, char **argv)
{
	print("hello, i386\n");
	for (int i = 1; i < argc; i++) print("argv[%d] = %s\n", i, argv[i]);
	check("argv ends with a null pointer", argv[argc] == 0);
	return argc;
}
