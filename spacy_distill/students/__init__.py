"""Who learns: compact encoders, trained with torch and run with numpy."""
