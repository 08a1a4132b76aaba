"""The door of `orchestrator` and of `python -m orchestrator`, which are the same."""

import signal


def main() -> None:
    """While the modules load there is nothing that a stop could interrupt: it ends the process at once, in silence."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from orchestrator import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    main()
