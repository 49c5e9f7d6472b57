"""The instruction loop: graphs of very many small blocks, too large for LLVM, run by one kernel that interprets them.

`vocabulary` lists the instructions, made of the fragments that kernels are made of, and writes the kernel, which is
the same for all graphs: compiled once a machine. `translation` turns blocks into instructions on single elements;
what only moves elements becomes no instruction, but other addresses. `program` puts equal instructions side by side,
and `executable` has the kernel run them.
"""
