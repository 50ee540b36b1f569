"""The verdicts of a class: kept, and written where an instructor reads them."""
