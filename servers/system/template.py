"""The text of a program's configuration file, with the parts that depend on the server asked for."""

from string import Template


class ConfigurationFile(Template):
    """`@{name}` is replaced; `$` is the program's own."""

    delimiter = "@"
