"""What is proved: a sentence, a bench and a fault each, by what they are about."""
