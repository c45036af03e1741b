"""The command line: parsing and printing only; each command calls one service function.

Services are imported inside the commands, so that `--help` and wrong use answer at once.
"""
