"""Runs the worker, whose source comes behind this text, as `python -c SOURCE` would.

What the supervisor starts is one line that reads this text from descriptor 3 and runs it, with
the open file as `program`: so the list of processes stays readable. Behind the worker's source come
those of the package outpace, which the worker compiles when a task imports it.

Compiling takes as long as starting Python, so the compiled forms are kept in a folder, as
Python keeps those of modules in __pycache__: one file for each text and interpreter, which begins
with a key of all sources. The folder must be the user's own; without one nothing is kept.
"""

import sys

NAMES = {  # where the texts are kept, and what they are called in tracebacks; Go code looks for them
    "worker": "<outpace_worker.py>",
    "outpace": "<outpace/__init__.py>",
    "outpace._remote": "<outpace/_remote.py>",
}


def load(name, source, key, folder):
    import marshal
    import os

    own = False
    if not folder:
        return compile(source, NAMES[name], "exec", dont_inherit=True)
    path = os.path.join(folder, "%s-%s-%x-%d" % (name, sys.implementation.cache_tag, sys.hexversion, sys.flags.optimize))
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        found = os.stat(folder)
        own = found.st_uid == os.geteuid() and not found.st_mode & 0o022
        if own:
            with open(path, "rb") as file:
                if file.read(len(key)) == key:
                    code = marshal.load(file)
                    if type(code) is type(load.__code__):
                        return code
    except (OSError, EOFError, ValueError, TypeError):
        pass  # none yet, or a broken one
    code = compile(source, NAMES[name], "exec", dont_inherit=True)
    if own:
        part = "%s.%d" % (path, os.getpid())
        try:
            with open(part, "wb") as file:
                file.write(key + marshal.dumps(code))
            os.replace(part, path)
        except OSError:
            pass
    return code


def worker(sizes, key, folder):
    import os

    del sys.argv[1:]
    sources = dict(zip(NAMES, [program.read(int(size)) for size in sizes.split(",")]))
    program.close()
    if not hasattr(sys, "implementation"):  # Python 2, whose error the supervisor explains
        sys.exit(69)

    def carried(name):
        """The code of the worker, or of a module of the package."""
        return load(name, sources[name], key.encode(), folder)

    globals()["carried"] = carried
    return carried("worker")


exec(worker(*sys.argv[2:]))
