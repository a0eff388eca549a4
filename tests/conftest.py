"""What all of the project's own tests share."""

from hypothesis import settings

# How long an example takes is the machine's business (hypothesis: 200 ms by default); speed is measured in bench/.
settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
