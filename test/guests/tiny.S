# The smallest guest: ten instructions, two system calls, exit status 7.
	.file	"tiny.S"
	.text
	.globl	_start
_start:
	mov	$4, %eax
	mov	$1, %ebx
	mov	$text, %ecx
	mov	$5, %edx
	int	$0x80
	lea	-4(%eax), %eax
	push	$7
	pop	%ebx
	int	$0x80
	hlt
	.section .rodata
text:	.ascii	"tiny\n"
	.section .note.GNU-stack, "", @progbits
