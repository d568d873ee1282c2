"""``python -m vision_data``: the command line."""

from vision_data.cli import main

main()
