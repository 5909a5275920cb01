"""``python -m spikecae``: the command of the same name."""

from spikecae.cli import main

if __name__ == "__main__":
    main()
