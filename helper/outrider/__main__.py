"""`python -m outrider`: what the installed launcher starts."""

from outrider.cli import main

if __name__ == "__main__":
    main()
