BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE alias (
	partner INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	table_name TEXT NOT NULL, 
	uuid BLOB NOT NULL, 
	CONSTRAINT pk_alias PRIMARY KEY (partner, direction, number), 
	CONSTRAINT fk_alias_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE, 
	CONSTRAINT uq_alias_partner_direction_uuid_table_name UNIQUE (partner, direction, uuid, table_name)
)
 WITHOUT ROWID

;
INSERT INTO "alias" VALUES(1,'in',0,1,'shelter',X'00000000000000000000000000000001');
INSERT INTO "alias" VALUES(1,'out',0,1,'shelter',X'00000000000000000000000000000001');
CREATE TABLE carried (
	partner INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	record_id INTEGER NOT NULL, 
	dots TEXT NOT NULL, 
	writes INTEGER NOT NULL, 
	CONSTRAINT pk_carried PRIMARY KEY (partner, number, record_id), 
	CONSTRAINT fk_carried_partner_number FOREIGN KEY(partner, number) REFERENCES transfer_out (partner, number) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "carried" VALUES(1,2,1,'[["name", 1, 3], ["beds", 1, 3]]',2);
CREATE TABLE change (
	arrival INTEGER NOT NULL, 
	record_id INTEGER NOT NULL, 
	source INTEGER, 
	life INTEGER NOT NULL, 
	fields TEXT NOT NULL, 
	writes TEXT NOT NULL, 
	grave TEXT, 
	past TEXT, reader INTEGER, 
	CONSTRAINT pk_change PRIMARY KEY (arrival), 
	CONSTRAINT fk_change_record_id FOREIGN KEY(record_id) REFERENCES record (id)
);
INSERT INTO "change" VALUES(1,1,NULL,0,'{"beds":12.50,"name":"Escuela Nº 3","open":true}','[[[65536000,1,1,[],[]]],[]]',NULL,NULL,NULL);
INSERT INTO "change" VALUES(2,2,NULL,0,'{"":true}','[[[65536000,1,2,[],[]]],[]]',NULL,NULL,NULL);
INSERT INTO "change" VALUES(3,1,NULL,0,'{"name":"Escuela"}','[[[131072000,1,3,[],["beds"]]],[]]',NULL,NULL,NULL);
INSERT INTO "change" VALUES(4,2,NULL,0,'{}','[[],[]]','[131072000,1,4,[]]',NULL,NULL);
INSERT INTO "change" VALUES(5,3,NULL,0,'{"name":"x"}','[[[65536,1,5,[],[]]],[]]',NULL,NULL,NULL);
INSERT INTO "change" VALUES(6,3,NULL,0,'{}','[[],[]]','[131072,1,6,[]]',NULL,NULL);
INSERT INTO "change" VALUES(7,3,NULL,1,'{"name":"again"}','[[[196608,1,7,[],[]]],[]]',NULL,'[1,6]',NULL);
INSERT INTO "change" VALUES(8,1,1,0,'{"name":"School"}','[[[1099511627776,2,4,[],[]]],[]]',NULL,NULL,NULL);
CREATE TABLE "conflict" (
	id INTEGER NOT NULL, 
	record_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	field TEXT NOT NULL, 
	loser_time INTEGER NOT NULL, 
	loser_origin INTEGER NOT NULL, 
	loser_sequence INTEGER NOT NULL, 
	value TEXT, 
	winner_time INTEGER NOT NULL, 
	winner_origin INTEGER NOT NULL, 
	winner_sequence INTEGER NOT NULL, 
	noticed_at INTEGER NOT NULL, 
	settled_at INTEGER, 
	CONSTRAINT pk_conflict PRIMARY KEY (id), 
	CONSTRAINT fk_conflict_record_id FOREIGN KEY(record_id) REFERENCES record (id), 
	CONSTRAINT uq_conflict_record_id_field_loser_origin_loser_sequence UNIQUE (record_id, field, loser_origin, loser_sequence)
);
INSERT INTO "conflict" VALUES(1,1,'field','name',131072000,1,3,'"Escuela"',1099511627776,2,4,1600000000000,NULL);
CREATE TABLE contact (
	id INTEGER NOT NULL, 
	partner INTEGER NOT NULL, 
	started_at INTEGER NOT NULL, 
	ended_at INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	bytes_out INTEGER NOT NULL, 
	bytes_in INTEGER NOT NULL, 
	CONSTRAINT pk_contact PRIMARY KEY (id), 
	CONSTRAINT fk_contact_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "contact" VALUES(1,1,1000,2000,'contact.done',300,200);
CREATE TABLE context_name (
	partner INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	origin INTEGER, 
	table_name TEXT, 
	field TEXT, 
	CONSTRAINT pk_context_name PRIMARY KEY (partner, direction, kind, number), 
	CONSTRAINT fk_context_name_origin FOREIGN KEY(origin) REFERENCES origin (id), 
	CONSTRAINT fk_context_name_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "context_name" VALUES(1,'in','field',0,1,NULL,'shelter','name');
INSERT INTO "context_name" VALUES(1,'in','origin',0,1,1,NULL,NULL);
INSERT INTO "context_name" VALUES(1,'in','origin',1,1,2,NULL,NULL);
INSERT INTO "context_name" VALUES(1,'in','table',0,1,NULL,'shelter',NULL);
INSERT INTO "context_name" VALUES(1,'out','field',0,1,NULL,'shelter','name');
INSERT INTO "context_name" VALUES(1,'out','origin',0,1,1,NULL,NULL);
INSERT INTO "context_name" VALUES(1,'out','origin',1,1,2,NULL,NULL);
INSERT INTO "context_name" VALUES(1,'out','table',0,1,NULL,'shelter',NULL);
CREATE TABLE exchange (
	partner INTEGER NOT NULL, 
	out_epoch INTEGER NOT NULL, 
	out_sealed INTEGER NOT NULL, 
	out_confirmed INTEGER NOT NULL, 
	in_incarnation INTEGER, 
	in_epoch INTEGER NOT NULL, 
	in_through INTEGER NOT NULL, out_begins INTEGER DEFAULT '0' NOT NULL, in_begins INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_exchange PRIMARY KEY (partner), 
	CONSTRAINT fk_exchange_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "exchange" VALUES(1,0,2,1,7,3,1,0,0);
INSERT INTO "exchange" VALUES(2,0,1,1,NULL,0,0,0,0);
CREATE TABLE hold (
	partner INTEGER NOT NULL, 
	job TEXT NOT NULL, 
	CONSTRAINT pk_hold PRIMARY KEY (partner, job), 
	CONSTRAINT fk_hold_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "hold" VALUES(1,'stock');
CREATE TABLE left_out (
	partner INTEGER NOT NULL, 
	record_id INTEGER NOT NULL, 
	CONSTRAINT pk_left_out PRIMARY KEY (partner, record_id), 
	CONSTRAINT fk_left_out_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE, 
	CONSTRAINT fk_left_out_record_id FOREIGN KEY(record_id) REFERENCES record (id)
)
 WITHOUT ROWID

;
INSERT INTO "left_out" VALUES(1,2);
CREATE TABLE member (
	partner INTEGER NOT NULL, 
	station BLOB NOT NULL, 
	through INTEGER NOT NULL, 
	CONSTRAINT pk_member PRIMARY KEY (partner, station), 
	CONSTRAINT fk_member_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "member" VALUES(2,X'6262626262626262',1);
CREATE TABLE "model" (
	partner INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	state BLOB, 
	digest BLOB NOT NULL, 
	CONSTRAINT pk_model PRIMARY KEY (partner, direction, number), 
	CONSTRAINT fk_model_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "model" VALUES(1,'in',1,X'28B52FFD20052900006D6F64656C',X'08BDEBE6');
INSERT INTO "model" VALUES(2,'out',1,X'28B52FFD20063100006F6620616C6C',X'E15DDAA7');
CREATE TABLE origin (
	id INTEGER NOT NULL, 
	station BLOB NOT NULL, 
	incarnation INTEGER NOT NULL, 
	CONSTRAINT pk_origin PRIMARY KEY (id), 
	CONSTRAINT uq_origin_station_incarnation UNIQUE (station, incarnation)
);
INSERT INTO "origin" VALUES(1,X'6161616161616161',1);
INSERT INTO "origin" VALUES(2,X'6363636363636363',1);
CREATE TABLE partner (
	"key" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	station BLOB NOT NULL, 
	callsign TEXT, 
	incarnation INTEGER, 
	incarnation_since INTEGER NOT NULL, 
	contact INTEGER NOT NULL, 
	heard_at INTEGER, 
	confirmed_at INTEGER, 
	changes_confirmed INTEGER NOT NULL, 
	changes_applied INTEGER NOT NULL, version INTEGER, capabilities INTEGER DEFAULT '0' NOT NULL, edits_collapsed INTEGER DEFAULT '0' NOT NULL, pool BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT uq_partner_name UNIQUE (name), 
	CONSTRAINT uq_partner_station UNIQUE (station)
);
INSERT INTO "partner" VALUES(1,'base',X'6262626262626262','N0CALL-7',7,7,1,1600000000000,1600000000000,1,1,1,0,1,0);
INSERT INTO "partner" VALUES(2,'everybody',X'4ECF477DF08F159F',NULL,NULL,0,0,NULL,1600000000000,1,0,NULL,0,1,1);
CREATE TABLE piece (
	partner INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	block INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_piece PRIMARY KEY (partner, number, block, place), 
	CONSTRAINT fk_piece_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "piece" VALUES(1,2,0,0,X'7069656365');
INSERT INTO "piece" VALUES(1,2,0,4,X'6F74686572');
CREATE TABLE record (
	id INTEGER NOT NULL, 
	table_name TEXT NOT NULL, 
	uuid BLOB NOT NULL, 
	alive BOOLEAN NOT NULL, 
	newest INTEGER NOT NULL, 
	life INTEGER NOT NULL, 
	fields TEXT NOT NULL, 
	writes TEXT NOT NULL, 
	grave TEXT, 
	past TEXT, passed_on BOOLEAN DEFAULT '1' NOT NULL, 
	CONSTRAINT pk_record PRIMARY KEY (id), 
	CONSTRAINT uq_record_table_name_uuid UNIQUE (table_name, uuid)
);
INSERT INTO "record" VALUES(1,'shelter',X'00000000000000000000000000000001',1,1099511627776,0,'{"name":"School","open":true}','[[[131072000,1,3,[],["beds"]],[1099511627776,2,4,[],["name"]],[65536000,1,1,[],["open"]]],[[131072000,1,3,[],"name","\"Escuela\""]]]',NULL,NULL,1);
INSERT INTO "record" VALUES(2,'shelter',X'00000000000000000000000000000002',0,131072000,0,'{"":true}','[[[65536000,1,2,[],[]]],[]]','[131072000,1,4,[]]',NULL,0);
INSERT INTO "record" VALUES(3,'shelter',X'00000000000000000000000000000003',1,196608,1,'{"name":"again"}','[[[196608,1,7,[],[]]],[]]',NULL,'[1,6]',0);
CREATE TABLE setting (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_setting PRIMARY KEY ("key")
);
INSERT INTO "setting" VALUES('language','es');
CREATE TABLE station (
	id INTEGER NOT NULL, 
	identity BLOB NOT NULL, 
	incarnation INTEGER NOT NULL, 
	sequence INTEGER NOT NULL, 
	arrival INTEGER NOT NULL, 
	CONSTRAINT pk_station PRIMARY KEY (id)
);
INSERT INTO "station" VALUES(1,X'6161616161616161',1,7,8);
CREATE TABLE transfer_in (
	partner INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	pieces INTEGER NOT NULL, 
	size_code INTEGER NOT NULL, 
	applied BOOLEAN NOT NULL, 
	plain BLOB, 
	additions TEXT, 
	CONSTRAINT pk_transfer_in PRIMARY KEY (partner, number), 
	CONSTRAINT fk_transfer_in_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "transfer_in" VALUES(1,3,1,0,1,X'7468697264','{"origins": [["6161616161616161", 1], ["6363636363636363", 1]], "tables": ["shelter"], "fields": [["shelter", "name"]], "records": [["shelter", "00000000000000000000000000000001"]]}');
INSERT INTO "transfer_in" VALUES(1,2,5,2,0,NULL,NULL);
CREATE TABLE transfer_out (
	partner INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	through INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	pieces INTEGER NOT NULL, 
	size_code INTEGER NOT NULL, 
	next_pieces TEXT NOT NULL, 
	changes INTEGER NOT NULL, priority INTEGER DEFAULT '2' NOT NULL, collapsed INTEGER DEFAULT '0' NOT NULL, additions TEXT, arrival INTEGER DEFAULT '0' NOT NULL, sealed_anew BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_transfer_out PRIMARY KEY (partner, number), 
	CONSTRAINT fk_transfer_out_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "transfer_out" VALUES(1,2,'all:*',6,X'7365616C656420616761696E',5,2,'[3]',1,2,3,'{"origins": [], "tables": [], "fields": [], "records": []}',8,0);
CREATE TABLE version (
	partner INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	digest BLOB NOT NULL, 
	plain BLOB NOT NULL, 
	total_bytes INTEGER NOT NULL, 
	cursors TEXT NOT NULL, arrival INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_version PRIMARY KEY (partner, direction, number), 
	CONSTRAINT fk_version_partner FOREIGN KEY(partner) REFERENCES partner ("key") ON DELETE CASCADE
);
INSERT INTO "version" VALUES(1,'out',0,X'00000000',X'',0,'{}',0);
INSERT INTO "version" VALUES(1,'in',0,X'00000000',X'',0,'{}',0);
INSERT INTO "version" VALUES(1,'in',1,X'08BDEBE6',X'6669727374',5,'{}',0);
INSERT INTO "version" VALUES(1,'out',1,X'CF7D6E34',X'7365616C6564',6,'{"all:*": 2}',8);
INSERT INTO "version" VALUES(1,'out',2,X'EB8AA35B',X'616761696E',11,'{"all:*": 6}',8);
INSERT INTO "version" VALUES(2,'out',0,X'00000000',X'',0,'{}',0);
INSERT INTO "version" VALUES(2,'in',0,X'00000000',X'',0,'{}',0);
INSERT INTO "version" VALUES(2,'out',1,X'E15DDAA7',X'666F7220616C6C',7,'{"all:*": 2}',8);
CREATE INDEX ix_record_newest_table_name_uuid ON record (newest, table_name, uuid);
CREATE INDEX ix_contact_partner_started_at ON contact (partner, started_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('partner',2);
COMMIT;
