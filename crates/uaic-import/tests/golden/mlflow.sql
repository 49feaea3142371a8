BEGIN TRANSACTION;
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('51faa1139f484dbc8f43d50d5ef849c0',1,'flights','0a1b','local','data/flights',NULL,NULL);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','/tmp/records/mlruns/0','active',1795985945668,1795985945668,'default');
INSERT INTO "experiments" VALUES(1,'first try','file:///tmp/records/out/artifacts','active',1795985945684,1795985945684,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('d1ecd969f707497ca93f07171b00f63f','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('d1ecd969f707497ca93f07171b00f63f','DATASET','51faa1139f484dbc8f43d50d5ef849c0','RUN','88d454c81da948989cda02e8b0a29c92',0);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('val/loss',-6.66666666666666740681e-01,1795985945923,'a2f24dbe2c56487d8d5e7cff22931a0b',-1,0);
INSERT INTO "metrics" VALUES('val/loss',3.33333333333333314829e-01,1795985945947,'a2f24dbe2c56487d8d5e7cff22931a0b',0,0);
INSERT INTO "metrics" VALUES('val/loss',1.33333333333333325931e+00,1795985945971,'a2f24dbe2c56487d8d5e7cff22931a0b',1,0);
INSERT INTO "metrics" VALUES('val/loss',2.33333333333333348136e+00,1795985945995,'a2f24dbe2c56487d8d5e7cff22931a0b',2,0);
INSERT INTO "metrics" VALUES('val/loss',3.33333333333333348136e+00,1795985946019,'a2f24dbe2c56487d8d5e7cff22931a0b',3,0);
INSERT INTO "metrics" VALUES('odd',0.0,1795985946047,'a2f24dbe2c56487d8d5e7cff22931a0b',0,1);
INSERT INTO "metrics" VALUES('odd',1.79769313486231562234e+308,1795985946071,'a2f24dbe2c56487d8d5e7cff22931a0b',1,0);
INSERT INTO "metrics" VALUES('odd',-1.79769313486231562234e+308,1795985946095,'a2f24dbe2c56487d8d5e7cff22931a0b',2,0);
INSERT INTO "metrics" VALUES('odd',1.0,1795985946119,'a2f24dbe2c56487d8d5e7cff22931a0b',2,0);
INSERT INTO "metrics" VALUES('loss',0.1,1795985946215,'00010278b82d4271a3c2813a08821206',0,0);
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('intents',1,1795985946368,1795985946368,NULL,NULL,'None','runs:/88d454c81da948989cda02e8b0a29c92/model','88d454c81da948989cda02e8b0a29c92','READY',NULL,NULL,'runs:/88d454c81da948989cda02e8b0a29c92/model','default');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','1e-05','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('on','True','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('none','None','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('list','[1, 2]','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('n','3','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('text','a: b # c','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "params" VALUES('opt/name','adam','64530cc1968f4035bf4baaab89c40c7f');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('64530cc1968f4035bf4baaab89c40c7f','parent','UNKNOWN','','','root','FINISHED',1795985945784,1795985946176,'','active','file:///tmp/records/out/artifacts/64530cc1968f4035bf4baaab89c40c7f/artifacts',1,NULL);
INSERT INTO "runs" VALUES('a2f24dbe2c56487d8d5e7cff22931a0b','child','UNKNOWN','','','root','FINISHED',1795985945898,1795985946143,'','active','file:///tmp/records/out/artifacts/a2f24dbe2c56487d8d5e7cff22931a0b/artifacts',1,NULL);
INSERT INTO "runs" VALUES('00010278b82d4271a3c2813a08821206','failing','UNKNOWN','','','root','FAILED',1795985946197,1795985946227,'','active','file:///tmp/records/out/artifacts/00010278b82d4271a3c2813a08821206/artifacts',1,NULL);
INSERT INTO "runs" VALUES('43e7f04731554f4aa1c5a7b45650bfb3','gone','UNKNOWN','','','root','FINISHED',1795985946252,1795985946275,'','deleted','file:///tmp/records/out/artifacts/43e7f04731554f4aa1c5a7b45650bfb3/artifacts',1,1795985946281);
INSERT INTO "runs" VALUES('88d454c81da948989cda02e8b0a29c92','with data','UNKNOWN','','','root','FINISHED',1795985946284,1795985946399,'','active','file:///tmp/records/out/artifacts/88d454c81da948989cda02e8b0a29c92/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('mlflow.source.name','records.py','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('mlflow.runName','parent','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('mlflow.note.content','# A note

of two lines: ä','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('team','nlp','64530cc1968f4035bf4baaab89c40c7f');
INSERT INTO "tags" VALUES('mlflow.user','root','a2f24dbe2c56487d8d5e7cff22931a0b');
INSERT INTO "tags" VALUES('mlflow.source.name','records.py','a2f24dbe2c56487d8d5e7cff22931a0b');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','a2f24dbe2c56487d8d5e7cff22931a0b');
INSERT INTO "tags" VALUES('mlflow.parentRunId','64530cc1968f4035bf4baaab89c40c7f','a2f24dbe2c56487d8d5e7cff22931a0b');
INSERT INTO "tags" VALUES('mlflow.runName','child','a2f24dbe2c56487d8d5e7cff22931a0b');
INSERT INTO "tags" VALUES('mlflow.user','root','00010278b82d4271a3c2813a08821206');
INSERT INTO "tags" VALUES('mlflow.source.name','records.py','00010278b82d4271a3c2813a08821206');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','00010278b82d4271a3c2813a08821206');
INSERT INTO "tags" VALUES('mlflow.runName','failing','00010278b82d4271a3c2813a08821206');
INSERT INTO "tags" VALUES('mlflow.user','root','43e7f04731554f4aa1c5a7b45650bfb3');
INSERT INTO "tags" VALUES('mlflow.source.name','records.py','43e7f04731554f4aa1c5a7b45650bfb3');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','43e7f04731554f4aa1c5a7b45650bfb3');
INSERT INTO "tags" VALUES('mlflow.runName','gone','43e7f04731554f4aa1c5a7b45650bfb3');
INSERT INTO "tags" VALUES('mlflow.user','root','88d454c81da948989cda02e8b0a29c92');
INSERT INTO "tags" VALUES('mlflow.source.name','records.py','88d454c81da948989cda02e8b0a29c92');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','88d454c81da948989cda02e8b0a29c92');
INSERT INTO "tags" VALUES('mlflow.runName','with data','88d454c81da948989cda02e8b0a29c92');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
COMMIT;
