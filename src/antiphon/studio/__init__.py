"""The studio: a local web application in which a person composes, hears, changes, rates and keeps music."""
