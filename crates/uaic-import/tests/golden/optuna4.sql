BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'a study');
INSERT INTO "studies" VALUES(2,'a study-two');
INSERT INTO "studies" VALUES(3,'empty');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MINIMIZE',2,0);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',2,1);
INSERT INTO "study_directions" VALUES(4,'MINIMIZE',3,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,2,'study:metric_names','["loss", "gain"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'team','"\u00e4/1"');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,10,0.001,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,1,20,0.002,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,1,30,0.003,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,2,0,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(6,2,10,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(7,2,20,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(8,2,30,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(9,3,0,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(10,3,10,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(11,3,20,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(12,3,30,NULL,'INF_POS');
INSERT INTO "trial_intermediate_values" VALUES(13,4,0,NULL,'INF_NEG');
INSERT INTO "trial_intermediate_values" VALUES(14,4,10,NULL,'INF_NEG');
INSERT INTO "trial_intermediate_values" VALUES(15,4,20,NULL,'INF_NEG');
INSERT INTO "trial_intermediate_values" VALUES(16,4,30,NULL,'INF_NEG');
INSERT INTO "trial_intermediate_values" VALUES(17,5,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(18,5,10,1.43587724734346132426e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(19,5,20,2.87175449468692264853e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(20,5,30,4.30763174203038362586e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(21,6,0,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(22,6,10,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(23,6,20,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(24,6,30,NULL,'NAN');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'rate',0.001,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'drop',0.2,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(3,1,'width',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(4,1,'depth',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(5,1,'kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(6,1,'mixed',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(7,1,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(8,1,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(9,2,'rate',4.75092372103061129709e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(10,2,'drop',0.4,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(11,2,'width',16.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(12,2,'depth',53.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(13,2,'kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(14,2,'mixed',4.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(15,2,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(16,2,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(17,3,'rate',0.0746528346269155,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(18,3,'drop',0.1,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(19,3,'width',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(20,3,'depth',52.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(21,3,'kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(22,3,'mixed',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(23,3,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(24,3,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(25,4,'rate',6.78512918199478676228e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(26,4,'drop',3.00000000000000044408e-01,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(27,4,'width',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(28,4,'depth',3.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(29,4,'kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(30,4,'mixed',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(31,4,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(32,4,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(33,5,'rate',1.43587724734346132426e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(34,5,'drop',0.0,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(35,5,'width',32.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(36,5,'depth',62.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(37,5,'kind',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(38,5,'mixed',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(39,5,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(40,5,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(41,6,'rate',9.25321465764258107439e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(42,6,'drop',0.0,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(43,6,'width',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 64}}');
INSERT INTO "trial_params" VALUES(44,6,'depth',1.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 100}}');
INSERT INTO "trial_params" VALUES(45,6,'kind',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(46,6,'mixed',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", null, true, 1, 2.5]}}');
INSERT INTO "trial_params" VALUES(47,6,'nothing',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [null]}}');
INSERT INTO "trial_params" VALUES(48,6,'fixed',0.5,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(49,9,'x',-0.165955990594852,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(50,10,'x',4.4064898688431619611e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(51,11,'x',-9.99771250365310226726e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(52,12,'x',-3.95334854736320462365e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.0, "high": 1.0, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,1,'fixed_params','{"rate": 0.001}');
INSERT INTO "trial_system_attributes" VALUES(2,7,'fixed_params','{"rate": 0.0001}');
INSERT INTO "trial_system_attributes" VALUES(3,8,'fixed_params','{"rate": 0.01}');
INSERT INTO "trial_system_attributes" VALUES(4,9,'NSGAIISampler:generation','0');
INSERT INTO "trial_system_attributes" VALUES(5,9,'constraints','[-0.665955990594852, -0.165955990594852]');
INSERT INTO "trial_system_attributes" VALUES(6,10,'NSGAIISampler:generation','0');
INSERT INTO "trial_system_attributes" VALUES(7,10,'constraints','[-0.059351013115683804, 0.4406489868843162]');
INSERT INTO "trial_system_attributes" VALUES(8,11,'NSGAIISampler:generation','0');
INSERT INTO "trial_system_attributes" VALUES(9,11,'constraints','[-1.4997712503653102, -0.9997712503653102]');
INSERT INTO "trial_system_attributes" VALUES(10,12,'NSGAIISampler:generation','0');
INSERT INTO "trial_system_attributes" VALUES(11,12,'constraints','[-0.8953348547363205, -0.39533485473632046]');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'kind of','"adam"');
INSERT INTO "trial_user_attributes" VALUES(2,1,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(3,2,'kind of','"sgd"');
INSERT INTO "trial_user_attributes" VALUES(4,2,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(5,3,'kind of','"adam"');
INSERT INTO "trial_user_attributes" VALUES(6,3,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(7,4,'kind of','"sgd"');
INSERT INTO "trial_user_attributes" VALUES(8,4,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(9,5,'kind of','"adam"');
INSERT INTO "trial_user_attributes" VALUES(10,5,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(11,6,'kind of','"sgd"');
INSERT INTO "trial_user_attributes" VALUES(12,6,'odd','{"nan": NaN, "list": [1, 2]}');
INSERT INTO "trial_user_attributes" VALUES(13,9,'c','[-0.665955990594852, -0.165955990594852]');
INSERT INTO "trial_user_attributes" VALUES(14,10,'c','[-0.059351013115683804, 0.4406489868843162]');
INSERT INTO "trial_user_attributes" VALUES(15,11,'c','[-1.4997712503653102, -0.9997712503653102]');
INSERT INTO "trial_user_attributes" VALUES(16,12,'c','[-0.8953348547363205, -0.39533485473632046]');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,49.2,'FINITE');
INSERT INTO "trial_values" VALUES(2,4,0,NULL,'INF_POS');
INSERT INTO "trial_values" VALUES(3,5,0,94.0,'FINITE');
INSERT INTO "trial_values" VALUES(4,6,0,49.0,'FINITE');
INSERT INTO "trial_values" VALUES(5,9,0,-0.165955990594852,'FINITE');
INSERT INTO "trial_values" VALUES(6,9,1,0.165955990594852,'FINITE');
INSERT INTO "trial_values" VALUES(7,10,0,4.4064898688431619611e-01,'FINITE');
INSERT INTO "trial_values" VALUES(8,10,1,-4.4064898688431619611e-01,'FINITE');
INSERT INTO "trial_values" VALUES(9,11,0,-9.99771250365310226726e-01,'FINITE');
INSERT INTO "trial_values" VALUES(10,11,1,9.99771250365310226726e-01,'FINITE');
INSERT INTO "trial_values" VALUES(11,12,0,-3.95334854736320462365e-01,'FINITE');
INSERT INTO "trial_values" VALUES(12,12,1,3.95334854736320462365e-01,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-30 05:59:25.777445','2026-11-30 05:59:26.071773');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-30 05:59:26.095602','2026-11-30 05:59:26.366391');
INSERT INTO "trials" VALUES(3,2,1,'FAIL','2026-11-30 05:59:26.392616','2026-11-30 05:59:26.692377');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-30 05:59:26.712025','2026-11-30 05:59:27.006979');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-30 05:59:27.021938','2026-11-30 05:59:27.278766');
INSERT INTO "trials" VALUES(6,5,1,'COMPLETE','2026-11-30 05:59:27.303341','2026-11-30 05:59:27.542546');
INSERT INTO "trials" VALUES(7,6,1,'RUNNING','2026-11-30 05:59:27.580776',NULL);
INSERT INTO "trials" VALUES(8,7,1,'WAITING',NULL,NULL);
INSERT INTO "trials" VALUES(9,0,2,'COMPLETE','2026-11-30 05:59:27.690704','2026-11-30 05:59:27.793284');
INSERT INTO "trials" VALUES(10,1,2,'COMPLETE','2026-11-30 05:59:27.802894','2026-11-30 05:59:27.901321');
INSERT INTO "trials" VALUES(11,2,2,'COMPLETE','2026-11-30 05:59:27.923466','2026-11-30 05:59:28.026923');
INSERT INTO "trials" VALUES(12,3,2,'COMPLETE','2026-11-30 05:59:28.044033','2026-11-30 05:59:28.121510');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'4.9.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
