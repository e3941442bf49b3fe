# write(1, text, length); exit(0) on Linux for x86-64. @TEXT@ is filled in by make.sh.
        .globl _start
_start: mov $1, %eax
        mov $1, %edi
        lea text(%rip), %rsi
        mov $length, %edx
        syscall
        mov $60, %eax
        xor %edi, %edi
        syscall
text:   .ascii "@TEXT@\n"
        .set length, . - text
        .section .note.GNU-stack, "", %progbits
