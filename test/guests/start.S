# Start code and the system call entry of the guest programs (no C library).
# main(argc, argv, envp) is called with the vectors the kernel left on the stack;
# what it returns is the exit status.
	.file	"start.S"
	.text
	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	mov	(%esp), %eax
	lea	4(%esp), %ecx
	lea	8(%esp,%eax,4), %edx
	and	$-16, %esp
	push	%ebp
	push	%edx
	push	%ecx
	push	%eax
	call	main
	push	%eax
	call	finish
	.size	_start, . - _start

# int syscall6(int nr, a, b, c, d, e, f): int $0x80, the raw result (-errno on failure).
	.globl	syscall6
	.type	syscall6, @function
syscall6:
	push	%ebp
	push	%edi
	push	%esi
	push	%ebx
	mov	20(%esp), %eax
	mov	24(%esp), %ebx
	mov	28(%esp), %ecx
	mov	32(%esp), %edx
	mov	36(%esp), %esi
	mov	40(%esp), %edi
	mov	44(%esp), %ebp
	int	$0x80
	pop	%ebx
	pop	%esi
	pop	%edi
	pop	%ebp
	ret
	.size	syscall6, . - syscall6

# int set_jump(jump_buf): 0 now, the value given to jump() later. Holds ebx esi edi ebp esp eip.
	.globl	set_jump
	.type	set_jump, @function
set_jump:
	mov	4(%esp), %edx
	mov	%ebx, (%edx)
	mov	%esi, 4(%edx)
	mov	%edi, 8(%edx)
	mov	%ebp, 12(%edx)
	lea	4(%esp), %ecx
	mov	%ecx, 16(%edx)
	mov	(%esp), %ecx
	mov	%ecx, 20(%edx)
	xor	%eax, %eax
	ret
	.size	set_jump, . - set_jump

# void jump(jump_buf, int value)
	.globl	jump
	.type	jump, @function
jump:
	mov	4(%esp), %edx
	mov	8(%esp), %eax
	mov	(%edx), %ebx
	mov	4(%edx), %esi
	mov	8(%edx), %edi
	mov	12(%edx), %ebp
	mov	16(%edx), %esp
	jmp	*20(%edx)
	.size	jump, . - jump

	.section .note.GNU-stack, "", @progbits
