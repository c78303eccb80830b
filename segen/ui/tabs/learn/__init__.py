"""The tab Learn: chapters that lead through the lab, and models that train while one watches."""
