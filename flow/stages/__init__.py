"""How each stage is planned and run; one module per stage, light until it runs."""
