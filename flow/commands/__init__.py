"""The commands of the command line, by what they are about; all files here are loaded by ``flow.cli``."""
