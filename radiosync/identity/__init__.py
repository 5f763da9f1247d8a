"""Who is who: callsigns, and the short codes by which people compare stations.

Pure; imports `limits` only. Start with `callsign`.
"""
