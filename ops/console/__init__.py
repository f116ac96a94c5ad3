"""The console: pages for those who work here, at /console. Every page says who may use it, or nobody may."""
