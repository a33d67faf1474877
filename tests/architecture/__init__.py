"""What holds for the whole source: its size, its layers, its promises."""
