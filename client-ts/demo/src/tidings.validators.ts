// Written by @tidings/codegen from the contract of Tidings demo. Do not edit: change the Rust types.

// @ts-nocheck: these checks are written by ajv, for engines and not for people.
import type { Validators } from "@tidings/client";
import type { contract } from "./tidings.js";


const check0 = validate10;
const schema11 = {"type":"array","items":{"$ref":"contract#/definitions/User"}};
const schema13 = {"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"bio":{"type":"string"}},"required":["id","name"]};

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(Array.isArray(data)){
var valid0 = true;
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
const _errs1 = errors;
const _errs2 = errors;
if(errors === _errs2){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if(((data0.id === undefined) && (missing0 = "id")) || ((data0.name === undefined) && (missing0 = "name"))){
validate10.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/User/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data0.id !== undefined){
const _errs4 = errors;
if(typeof data0.id !== "string"){
validate10.errors = [{instancePath:instancePath+"/" + i0+"/id",schemaPath:"contract#/definitions/User/properties/id/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs4 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.name !== undefined){
const _errs6 = errors;
if(typeof data0.name !== "string"){
validate10.errors = [{instancePath:instancePath+"/" + i0+"/name",schemaPath:"contract#/definitions/User/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs6 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.bio !== undefined){
const _errs8 = errors;
if(typeof data0.bio !== "string"){
validate10.errors = [{instancePath:instancePath+"/" + i0+"/bio",schemaPath:"contract#/definitions/User/properties/bio/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs8 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/User/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs1 === errors;
if(!valid0){
break;
}
}
}
else {
validate10.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
validate10.errors = vErrors;
return errors === 0;
}

const check1 = validate12;
const schema14 = {"$ref":"contract#/definitions/User"};

function validate12(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs0 = errors;
if(errors === _errs0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((data.id === undefined) && (missing0 = "id")) || ((data.name === undefined) && (missing0 = "name"))){
validate12.errors = [{instancePath,schemaPath:"contract#/definitions/User/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data.id !== undefined){
const _errs2 = errors;
if(typeof data.id !== "string"){
validate12.errors = [{instancePath:instancePath+"/id",schemaPath:"contract#/definitions/User/properties/id/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs2 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.name !== undefined){
const _errs4 = errors;
if(typeof data.name !== "string"){
validate12.errors = [{instancePath:instancePath+"/name",schemaPath:"contract#/definitions/User/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs4 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.bio !== undefined){
const _errs6 = errors;
if(typeof data.bio !== "string"){
validate12.errors = [{instancePath:instancePath+"/bio",schemaPath:"contract#/definitions/User/properties/bio/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs6 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
else {
validate12.errors = [{instancePath,schemaPath:"contract#/definitions/User/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate12.errors = vErrors;
return errors === 0;
}

const check2 = validate13;
const schema16 = {"$ref":"contract#/definitions/User"};

function validate13(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs0 = errors;
if(errors === _errs0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((data.id === undefined) && (missing0 = "id")) || ((data.name === undefined) && (missing0 = "name"))){
validate13.errors = [{instancePath,schemaPath:"contract#/definitions/User/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data.id !== undefined){
const _errs2 = errors;
if(typeof data.id !== "string"){
validate13.errors = [{instancePath:instancePath+"/id",schemaPath:"contract#/definitions/User/properties/id/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs2 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.name !== undefined){
const _errs4 = errors;
if(typeof data.name !== "string"){
validate13.errors = [{instancePath:instancePath+"/name",schemaPath:"contract#/definitions/User/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs4 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.bio !== undefined){
const _errs6 = errors;
if(typeof data.bio !== "string"){
validate13.errors = [{instancePath:instancePath+"/bio",schemaPath:"contract#/definitions/User/properties/bio/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs6 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
else {
validate13.errors = [{instancePath,schemaPath:"contract#/definitions/User/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate13.errors = vErrors;
return errors === 0;
}

const check3 = validate14;
const schema18 = {"type":"array","items":{"$ref":"contract#/definitions/User"}};

function validate14(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(Array.isArray(data)){
var valid0 = true;
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
const _errs1 = errors;
const _errs2 = errors;
if(errors === _errs2){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if(((data0.id === undefined) && (missing0 = "id")) || ((data0.name === undefined) && (missing0 = "name"))){
validate14.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/User/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data0.id !== undefined){
const _errs4 = errors;
if(typeof data0.id !== "string"){
validate14.errors = [{instancePath:instancePath+"/" + i0+"/id",schemaPath:"contract#/definitions/User/properties/id/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs4 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.name !== undefined){
const _errs6 = errors;
if(typeof data0.name !== "string"){
validate14.errors = [{instancePath:instancePath+"/" + i0+"/name",schemaPath:"contract#/definitions/User/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs6 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.bio !== undefined){
const _errs8 = errors;
if(typeof data0.bio !== "string"){
validate14.errors = [{instancePath:instancePath+"/" + i0+"/bio",schemaPath:"contract#/definitions/User/properties/bio/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs8 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
else {
validate14.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/User/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs1 === errors;
if(!valid0){
break;
}
}
}
else {
validate14.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
validate14.errors = vErrors;
return errors === 0;
}

const check4 = validate15;
const schema20 = {"$ref":"contract#/definitions/Bio"};
const schema21 = {"type":"object","properties":{"id":{"type":"string"},"bio":{"type":"string"}},"required":["id","bio"]};

function validate15(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs0 = errors;
if(errors === _errs0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((data.id === undefined) && (missing0 = "id")) || ((data.bio === undefined) && (missing0 = "bio"))){
validate15.errors = [{instancePath,schemaPath:"contract#/definitions/Bio/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data.id !== undefined){
const _errs2 = errors;
if(typeof data.id !== "string"){
validate15.errors = [{instancePath:instancePath+"/id",schemaPath:"contract#/definitions/Bio/properties/id/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs2 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.bio !== undefined){
const _errs4 = errors;
if(typeof data.bio !== "string"){
validate15.errors = [{instancePath:instancePath+"/bio",schemaPath:"contract#/definitions/Bio/properties/bio/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs4 === errors;
}
else {
var valid1 = true;
}
}
}
}
else {
validate15.errors = [{instancePath,schemaPath:"contract#/definitions/Bio/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate15.errors = vErrors;
return errors === 0;
}

const check5 = validate16;
const schema22 = {"type":"array","items":{"$ref":"contract#/definitions/Instance"}};
const schema23 = {"type":"object","properties":{"name":{"type":"string"},"version":{"type":"string"},"uptimeMs":{"minimum":0,"type":"integer"},"connections":{"minimum":0,"type":"integer"},"subscriptions":{"minimum":0,"type":"integer"},"eventsPerSecond":{"type":"number"},"deliveriesPerSecond":{"type":"number"}},"required":["name","version","uptimeMs","connections","subscriptions","eventsPerSecond","deliveriesPerSecond"]};

function validate16(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(Array.isArray(data)){
var valid0 = true;
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
const _errs1 = errors;
const _errs2 = errors;
if(errors === _errs2){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if((((((((data0.name === undefined) && (missing0 = "name")) || ((data0.version === undefined) && (missing0 = "version"))) || ((data0.uptimeMs === undefined) && (missing0 = "uptimeMs"))) || ((data0.connections === undefined) && (missing0 = "connections"))) || ((data0.subscriptions === undefined) && (missing0 = "subscriptions"))) || ((data0.eventsPerSecond === undefined) && (missing0 = "eventsPerSecond"))) || ((data0.deliveriesPerSecond === undefined) && (missing0 = "deliveriesPerSecond"))){
validate16.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/Instance/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data0.name !== undefined){
const _errs4 = errors;
if(typeof data0.name !== "string"){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/name",schemaPath:"contract#/definitions/Instance/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs4 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.version !== undefined){
const _errs6 = errors;
if(typeof data0.version !== "string"){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/version",schemaPath:"contract#/definitions/Instance/properties/version/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs6 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.uptimeMs !== undefined){
let data3 = data0.uptimeMs;
const _errs8 = errors;
if(!((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3)))){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/uptimeMs",schemaPath:"contract#/definitions/Instance/properties/uptimeMs/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs8){
if(typeof data3 == "number"){
if(data3 < 0 || isNaN(data3)){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/uptimeMs",schemaPath:"contract#/definitions/Instance/properties/uptimeMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid2 = _errs8 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.connections !== undefined){
let data4 = data0.connections;
const _errs10 = errors;
if(!((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4)))){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/connections",schemaPath:"contract#/definitions/Instance/properties/connections/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs10){
if(typeof data4 == "number"){
if(data4 < 0 || isNaN(data4)){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/connections",schemaPath:"contract#/definitions/Instance/properties/connections/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid2 = _errs10 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.subscriptions !== undefined){
let data5 = data0.subscriptions;
const _errs12 = errors;
if(!((typeof data5 == "number") && (!(data5 % 1) && !isNaN(data5)))){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/subscriptions",schemaPath:"contract#/definitions/Instance/properties/subscriptions/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs12){
if(typeof data5 == "number"){
if(data5 < 0 || isNaN(data5)){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/subscriptions",schemaPath:"contract#/definitions/Instance/properties/subscriptions/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid2 = _errs12 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.eventsPerSecond !== undefined){
const _errs14 = errors;
if(!(typeof data0.eventsPerSecond == "number")){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/eventsPerSecond",schemaPath:"contract#/definitions/Instance/properties/eventsPerSecond/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid2 = _errs14 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.deliveriesPerSecond !== undefined){
const _errs16 = errors;
if(!(typeof data0.deliveriesPerSecond == "number")){
validate16.errors = [{instancePath:instancePath+"/" + i0+"/deliveriesPerSecond",schemaPath:"contract#/definitions/Instance/properties/deliveriesPerSecond/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid2 = _errs16 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
}
}
}
}
else {
validate16.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"contract#/definitions/Instance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs1 === errors;
if(!valid0){
break;
}
}
}
else {
validate16.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
validate16.errors = vErrors;
return errors === 0;
}

const check6 = validate17;
const schema24 = {"$ref":"contract#/definitions/TidingsPublishOutput"};
const schema25 = {"type":"object","properties":{"ids":{"type":"array","items":{"$ref":"contract#/definitions/EventId"}}},"required":["ids"]};
const schema26 = {"type":"string"};

function validate18(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((data.ids === undefined) && (missing0 = "ids")){
validate18.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data.ids !== undefined){
let data0 = data.ids;
const _errs1 = errors;
if(errors === _errs1){
if(Array.isArray(data0)){
var valid1 = true;
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
const _errs3 = errors;
if(typeof data0[i0] !== "string"){
validate18.errors = [{instancePath:instancePath+"/ids/" + i0,schemaPath:"contract#/definitions/EventId/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs3 === errors;
if(!valid1){
break;
}
}
}
else {
validate18.errors = [{instancePath:instancePath+"/ids",schemaPath:"#/properties/ids/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
}
}
}
else {
validate18.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate18.errors = vErrors;
return errors === 0;
}


function validate17(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!(validate18(data, {instancePath,parentData,parentDataProperty,rootData}))){
vErrors = vErrors === null ? validate18.errors : vErrors.concat(validate18.errors);
errors = vErrors.length;
}
validate17.errors = vErrors;
return errors === 0;
}

const check7 = validate20;
const schema27 = {"$ref":"contract#/definitions/BioTooLong"};
const schema28 = {"type":"object","properties":{"max":{"minimum":0,"maximum":4294967295,"type":"integer"},"length":{"minimum":0,"maximum":4294967295,"type":"integer"}},"required":["max","length"]};

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
const _errs0 = errors;
if(errors === _errs0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((data.max === undefined) && (missing0 = "max")) || ((data.length === undefined) && (missing0 = "length"))){
validate20.errors = [{instancePath,schemaPath:"contract#/definitions/BioTooLong/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
if(data.max !== undefined){
let data0 = data.max;
const _errs2 = errors;
if(!((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0)))){
validate20.errors = [{instancePath:instancePath+"/max",schemaPath:"contract#/definitions/BioTooLong/properties/max/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs2){
if(typeof data0 == "number"){
if(data0 > 4294967295 || isNaN(data0)){
validate20.errors = [{instancePath:instancePath+"/max",schemaPath:"contract#/definitions/BioTooLong/properties/max/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967295},message:"must be <= 4294967295"}];
return false;
}
else {
if(data0 < 0 || isNaN(data0)){
validate20.errors = [{instancePath:instancePath+"/max",schemaPath:"contract#/definitions/BioTooLong/properties/max/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs2 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data.length !== undefined){
let data1 = data.length;
const _errs4 = errors;
if(!((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1)))){
validate20.errors = [{instancePath:instancePath+"/length",schemaPath:"contract#/definitions/BioTooLong/properties/length/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs4){
if(typeof data1 == "number"){
if(data1 > 4294967295 || isNaN(data1)){
validate20.errors = [{instancePath:instancePath+"/length",schemaPath:"contract#/definitions/BioTooLong/properties/length/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967295},message:"must be <= 4294967295"}];
return false;
}
else {
if(data1 < 0 || isNaN(data1)){
validate20.errors = [{instancePath:instancePath+"/length",schemaPath:"contract#/definitions/BioTooLong/properties/length/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
}
var valid1 = _errs4 === errors;
}
else {
var valid1 = true;
}
}
}
}
else {
validate20.errors = [{instancePath,schemaPath:"contract#/definitions/BioTooLong/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}

/** A check for each payload: `createClient({ contract, validators })`. */
export const validators: Validators<typeof contract> = {
  payloads: {
    allUsers: check0,
    userById: check1,
    setBio: check2,
    onUpdates: check3,
    onBio: check4,
    onInstances: check5,
    "tidings.publish": check6,
  },
  details: {
    bioTooLong: check7,
  },
};
