"""The loops that serving spends its time in: int8 dot products, the best of many scores, sums of sparse rows.

Each has a slow reference in `tests/engines/test_kernels.py`. None of them starts a thread.
"""
