/* /proc/self/exe names the program; readlink's length rules and errors. */
#include "guest.h"

int main(void)
{
	char path[512];
	int n = sys(NR_readlink, "/proc/self/exe", path, sizeof path - 1);
	check("an absolute path", n > 1 && path[0] == '/');
	int start = n;
	while (start > 0 && path[start - 1] != '/') start--;
	path[n > 0 ? n : 0] = 0;
	print("%s\n", path + start);
	memset(path, 'x', sizeof path);
	say("cut at the length given", sys(NR_readlink, "/proc/self/exe", path, 1));
	print("%c%c\n", path[0], path[1]);
	say("length 0", sys(NR_readlink, "/proc/self/exe", path, 0));
	say("not there", sys(NR_readlink, "/no/such", path, 10));
	sys(NR_close, sys(NR_open, "plain", O_CREAT | O_WRONLY, 0600));
	say("no link", sys(NR_readlink, "plain", path, 10));
	say("bad address", sys(NR_readlink, "/proc/self/exe", 16, 10));
	return sys(NR_unlink, "plain");
}
