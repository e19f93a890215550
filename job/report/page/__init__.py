"""The report as one HTML file: sections of text, figures and tables, which a browser draws without a network."""
