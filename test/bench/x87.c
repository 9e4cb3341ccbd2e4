/*
 * x87 loops of the bench as compilers make them: endless, one kernel a binary (build.sh, into bin/).
 *   dot     dot product of doubles    dotl  the same of 80-bit numbers    nbody  gravity between five bodies, doubles
 */
#define COUNT 512

static double a[COUNT], b[COUNT];
static long double wide_a[COUNT], wide_b[COUNT];
static volatile double result;

static inline void dot(void)
{
	for (int i = 0; i < COUNT; i++) {
		a[i] = i * 0.1 + 1;
		b[i] = 3.7 - i * 0.01;
	}
	for (;;) {
		double sum = 0;
		for (int i = 0; i < COUNT; i++) sum += a[i] * b[i];
		result = sum;
	}
}

static inline void dotl(void)
{
	for (int i = 0; i < COUNT; i++) {
		wide_a[i] = i * 0.1L + 1;
		wide_b[i] = 3.7L - i * 0.01L;
	}
	for (;;) {
		long double sum = 0;
		for (int i = 0; i < COUNT; i++) sum += wide_a[i] * wide_b[i];
		result = sum;
	}
}

enum { BODIES = 5 };
static struct { double x, y, z, vx, vy, vz, mass; } body[BODIES];

static inline double root(double x)
{
	__asm__("fsqrt" : "+t"(x));
	return x;
}

static inline void nbody(void)
{
	for (int i = 0; i < BODIES; i++) {
		body[i].x = i * 1.7 - 3;
		body[i].y = 4.5 - i * i;
		body[i].z = i * .33;
		body[i].vx = .01 * i;
		body[i].vy = -.02 * i;
		body[i].vz = .003;
		body[i].mass = 1.0 / (i + 1);
	}
	for (;;) {
		for (int i = 0; i < BODIES; i++)
			for (int j = i + 1; j < BODIES; j++) {
				double dx = body[i].x - body[j].x, dy = body[i].y - body[j].y, dz = body[i].z - body[j].z;
				double d2 = dx * dx + dy * dy + dz * dz, force = 0.001 / (d2 * root(d2));
				body[i].vx -= dx * body[j].mass * force;
				body[i].vy -= dy * body[j].mass * force;
				body[i].vz -= dz * body[j].mass * force;
				body[j].vx += dx * body[i].mass * force;
				body[j].vy += dy * body[i].mass * force;
				body[j].vz += dz * body[i].mass * force;
			}
		for (int i = 0; i < BODIES; i++) {
			body[i].x += 0.001 * body[i].vx;
			body[i].y += 0.001 * body[i].vy;
			body[i].z += 0.001 * body[i].vz;
		}
	}
}

void _start(void)
{
	KERNEL();
}
