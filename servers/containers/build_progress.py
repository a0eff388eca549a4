"""What is told of a build of images; apart from the build, which needs the client of a container engine."""


class BuildProgress:
    """What is told of a build while it goes on; this one tells nothing."""

    def say(self, text: str) -> None:
        """One line about an image."""

    def count(self, done: int, total: int) -> None:
        """How many of the images to build are done."""
