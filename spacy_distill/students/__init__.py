"""Student encoders: compact networks, trained with torch and run with numpy."""
