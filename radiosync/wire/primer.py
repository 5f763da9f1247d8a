"""Words of relief work, which both codecs know before the first contact.

Two stations that meet for the first time share no history. So both begin with this: names of tables and fields as relief
systems have them, words and phrases that fill these, and how dates, places and reports are written. The lines are our own,
written down for this purpose, and come under the licence of radiosync. They are part of the formats *zstd*, *compact* and
*compact aside*, and have no version of their own: other words need formats with other numbers (protocol, section 7.10).
"""

from typing import Final

PRIMER: Final = (
    "shelter hospital clinic school church office warehouse camp site facility incident report request need stock item",
    "kit person household family organisation organization branch team asset vehicle project activity event",
    "country region province district county city town village parish ward place location street road river",
    "uuid id code number name type kind status description comments note address postcode zip latitude longitude",
    "capacity population total available occupied beds open closed date time start end updated created source contact",
    "quantity unit priority category state status_name org_name site_id location_id organisation_id parent_id",
    "water food medicine blankets tents tarpaulins fuel generator power electricity phone radio truck boat helicopter",
    "open closed full standby damaged destroyed blocked passable flooded unknown none active inactive pending completed",
    "OPEN CLOSED FULL ALERT STANDBY NORMAL ACTIVE UNKNOWN NONE YES NO",
    "Open Closed Full Alert Standby Unknown High Medium Low Urgent Active Final",
    "the and of in to for is are was were has have been will with from by at on no not all due two three four five",
    "people persons families children residents houses homes structures buildings acres injured missing evacuated",
    "Primary School, Secondary School, Elementary School, High School, Middle School, University, College",
    "Community Center, Community Centre, Recreation Center, Civic Center, Senior Center, Sports Hall, Town Hall",
    "Baptist Church, United Methodist Church, Catholic Church, Church of Christ, Mosque, Temple, Chapel",
    "General Hospital, Regional Hospital, Health Centre, Health Center, Clinic, Fire Station, Police Station",
    "Red Cross, Red Crescent Society, Ministry of Health, Department of Public Works, National Society, United Nations",
    "Main Street, 1st Street, Main St, Park Road, Rd, Drive, Dr, Avenue, Ave, Highway, Hwy, Lane, Boulevard, Blvd",
    "North South East West Central Upper Lower New Old Saint San Santa Mount Lake River Valley Hill Bay Beach Island",
    "The road is blocked by a landslide. The bridge is damaged and closed to trucks. Power lines are down.",
    "Evacuation orders have been lifted for residents of the area. An evacuation warning has been issued.",
    "Firefighters continue to work on the fire. Crews will remain on site. The fire is 100% contained.",
    "Water is falling. Nobody was hurt. Needs food and water. No medical staff at this time. Not checked yet.",
    "The cause is under investigation. Please call for more information. Next update will be at 8:00 a.m.",
    "http://www. https:// .org/ .com/ .gov .htm",
    "January February March April May June July August September October November December",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday, 8:00 a.m. 6:30 p.m. today yesterday this morning",
    "2024-01-01T00:00:00Z 2025-11-03 06:06:40 2026-03-31",
    "de la el los las del en y San Centro Escuela Hospital Municipal",
    "de la le les du des et en Centre de santé École Hôpital Croix-Rouge",
)


def primer_bytes() -> bytes:
    """All lines, each with a NUL behind it: as texts stand in a history."""
    return "".join(line + "\0" for line in PRIMER).encode()
