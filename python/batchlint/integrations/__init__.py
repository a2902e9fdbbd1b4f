"""batchlint inside of training frameworks: `batchlint.integrations.keras`, `batchlint.integrations.lightning`.

Each module imports its framework; nothing else of this package does.
"""
