"""The command line: parse, call one SDK function, print (DESIGN.md D9)."""
