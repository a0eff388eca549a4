"""What all of the project's own tests share."""

from hypothesis import settings

# How long an example takes is up to the machine (hypothesis: at most 200 ms); speed is measured in bench/.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
