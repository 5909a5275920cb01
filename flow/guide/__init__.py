"""The guide as a site, beyond its pages of text: notebooks, which are run when it is made."""
