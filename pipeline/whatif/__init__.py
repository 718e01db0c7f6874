"""What would have been: rules with other thresholds over what is stored, and works before they begin."""
