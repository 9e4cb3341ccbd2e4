/* Echo and output processing: ECHOE, ECHOK, ECHOKE, ECHOPRT, ECHONL, ECHOCTL, tabs; ONLCR, OCRNL, ONOCR, ONLRET, XTABS, OLCUC. */
#include "pty.h"

static int m, s;
static void echoed(const char *what, const char *typed)
{
	type(m, typed);
	show(what, m);
	sys(NR_ioctl, s, TCFLSH, 2);
}
static void written(const char *what, const char *text)
{
	type(s, text);
	show(what, m);
}
int main(void)
{
	m = open_master(0);
	s = open_slave(0);
	echoed("controls", "a\001\033b\tc\n");
	echoed("tab erased", "ab\tc\177\177\177\n");
	echoed("two tabs", "\t\txy\177\177\177\177\n");
	echoed("control erased", "a\001\177\n");
	settings(s, 0, 0, 0, 0, ECHOCTL, 0);
	echoed("no ECHOCTL", "a\001\177b\n");
	settings(s, 0, 0, 0, 0, ECHOE, ECHOCTL);
	echoed("no ECHOE", "ab\177c\n");
	echoed("kill without ECHOE", "ab\025c\n");
	settings(s, 0, 0, 0, 0, ECHOKE, ECHOE);
	echoed("no ECHOKE", "ab\025c\n");
	settings(s, 0, 0, 0, 0, ECHOK, 0);
	echoed("nor ECHOK", "ab\025c\n");
	settings(s, 0, 0, 0, 0, 0, ECHOK | ECHOKE | ECHOPRT);
	echoed("ECHOPRT", "abc\177\177d\n");
	echoed("all of it", "ab\177\177\n");
	settings(s, 0, IUTF8, 0, 0, 0, 0);
	echoed("UTF-8 printed", "a\303\244\177b\n");
	settings(s, IUTF8, 0, 0, 0, ECHOPRT | ECHO, 0);
	echoed("no echo", "abc\n");
	settings(s, 0, 0, 0, 0, 0, ECHONL);
	echoed("ECHONL", "abc\n");
	settings(s, 0, 0, 0, 0, ECHONL, ECHO);
	echoed("signs", "\377\200\n");
	settings(s, 0, 0, ONLCR, 0, 0, 0);
	written("no ONLCR", "a\nb\n");
	settings(s, 0, 0, 0, ONLRET, 0, 0);
	written("ONLRET", "ab\n\tc\n");
	settings(s, 0, 0, ONLRET, ONLCR | OCRNL, 0, 0);
	written("OCRNL", "a\rb\n");
	settings(s, 0, 0, OCRNL, ONOCR, 0, 0);
	written("ONOCR", "\r\ra\rb\r\r\n");
	settings(s, 0, 0, ONOCR, XTABS, 0, 0);
	written("XTABS", "\ta\tabcdefg\tabcdefgh\t\b\t.\n");
	settings(s, 0, 0, XTABS, OLCUC, 0, 0);
	written("OLCUC", "Lower 1 \344\n");
	settings(s, 0, 0, OPOST, 0, 0, 0);
	written("no OPOST", "a\n\t\r");
	echoed("nor echo", "x\n");
	settings(s, 0, 0, 0, OPOST, ICANON, 0);
	echoed("not canonical", "a\177\003\n");
	return 0;
}
