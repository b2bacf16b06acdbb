"""The catalogue of the demonstration operator: plain data, and one function that enters it through the services."""

from config.demonstration.catalogue.loading import load_catalogue

__all__ = ["load_catalogue"]
