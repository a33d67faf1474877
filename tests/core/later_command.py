"""A sub-command as another distribution would add it."""


def configure(parser):
    pass


def run(arguments, *, now, out, err):
    out.write("later\n")
    return 7
