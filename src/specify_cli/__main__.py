"""Entry point of the `spec-kitty` command."""


def main() -> None:
    """Run the command line."""
    from specify_cli.cli.app import run

    run()


if __name__ == "__main__":
    main()
