// GENERATED from schema/openrpc.json by `npm run generate`. Do not edit.

// @ts-nocheck: the checks are written by ajv, for engines and not for people.
import type { Validate } from "../validation.js";

const allUsers_output = validate10;
const schema11 = { type: "array", items: { $ref: "contract#/definitions/User" } };
const schema13 = {
  type: "object",
  properties: { id: { type: "string" }, name: { type: "string" }, bio: { type: "string" } },
  required: ["id", "name"],
};
function validate10(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (errors === 0) {
    if (Array.isArray(data)) {
      var valid0 = true;
      const len0 = data.length;
      for (let i0 = 0; i0 < len0; i0++) {
        let data0 = data[i0];
        const _errs1 = errors;
        const _errs2 = errors;
        if (errors === _errs2) {
          if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
            let missing0;
            if (
              (data0.id === undefined && (missing0 = "id")) ||
              (data0.name === undefined && (missing0 = "name"))
            ) {
              validate10.errors = [
                {
                  instancePath: instancePath + "/" + i0,
                  schemaPath: "contract#/definitions/User/required",
                  keyword: "required",
                  params: { missingProperty: missing0 },
                  message: "must have required property '" + missing0 + "'",
                },
              ];
              return false;
            } else {
              if (data0.id !== undefined) {
                const _errs4 = errors;
                if (typeof data0.id !== "string") {
                  validate10.errors = [
                    {
                      instancePath: instancePath + "/" + i0 + "/id",
                      schemaPath: "contract#/definitions/User/properties/id/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    },
                  ];
                  return false;
                }
                var valid2 = _errs4 === errors;
              } else {
                var valid2 = true;
              }
              if (valid2) {
                if (data0.name !== undefined) {
                  const _errs6 = errors;
                  if (typeof data0.name !== "string") {
                    validate10.errors = [
                      {
                        instancePath: instancePath + "/" + i0 + "/name",
                        schemaPath: "contract#/definitions/User/properties/name/type",
                        keyword: "type",
                        params: { type: "string" },
                        message: "must be string",
                      },
                    ];
                    return false;
                  }
                  var valid2 = _errs6 === errors;
                } else {
                  var valid2 = true;
                }
                if (valid2) {
                  if (data0.bio !== undefined) {
                    const _errs8 = errors;
                    if (typeof data0.bio !== "string") {
                      validate10.errors = [
                        {
                          instancePath: instancePath + "/" + i0 + "/bio",
                          schemaPath: "contract#/definitions/User/properties/bio/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    var valid2 = _errs8 === errors;
                  } else {
                    var valid2 = true;
                  }
                }
              }
            }
          } else {
            validate10.errors = [
              {
                instancePath: instancePath + "/" + i0,
                schemaPath: "contract#/definitions/User/type",
                keyword: "type",
                params: { type: "object" },
                message: "must be object",
              },
            ];
            return false;
          }
        }
        var valid0 = _errs1 === errors;
        if (!valid0) {
          break;
        }
      }
    } else {
      validate10.errors = [
        {
          instancePath,
          schemaPath: "#/type",
          keyword: "type",
          params: { type: "array" },
          message: "must be array",
        },
      ];
      return false;
    }
  }
  validate10.errors = vErrors;
  return errors === 0;
}
const userById_output = validate12;
const schema14 = { $ref: "contract#/definitions/User" };
function validate12(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  const _errs0 = errors;
  if (errors === _errs0) {
    if (data && typeof data == "object" && !Array.isArray(data)) {
      let missing0;
      if (
        (data.id === undefined && (missing0 = "id")) ||
        (data.name === undefined && (missing0 = "name"))
      ) {
        validate12.errors = [
          {
            instancePath,
            schemaPath: "contract#/definitions/User/required",
            keyword: "required",
            params: { missingProperty: missing0 },
            message: "must have required property '" + missing0 + "'",
          },
        ];
        return false;
      } else {
        if (data.id !== undefined) {
          const _errs2 = errors;
          if (typeof data.id !== "string") {
            validate12.errors = [
              {
                instancePath: instancePath + "/id",
                schemaPath: "contract#/definitions/User/properties/id/type",
                keyword: "type",
                params: { type: "string" },
                message: "must be string",
              },
            ];
            return false;
          }
          var valid1 = _errs2 === errors;
        } else {
          var valid1 = true;
        }
        if (valid1) {
          if (data.name !== undefined) {
            const _errs4 = errors;
            if (typeof data.name !== "string") {
              validate12.errors = [
                {
                  instancePath: instancePath + "/name",
                  schemaPath: "contract#/definitions/User/properties/name/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                },
              ];
              return false;
            }
            var valid1 = _errs4 === errors;
          } else {
            var valid1 = true;
          }
          if (valid1) {
            if (data.bio !== undefined) {
              const _errs6 = errors;
              if (typeof data.bio !== "string") {
                validate12.errors = [
                  {
                    instancePath: instancePath + "/bio",
                    schemaPath: "contract#/definitions/User/properties/bio/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                  },
                ];
                return false;
              }
              var valid1 = _errs6 === errors;
            } else {
              var valid1 = true;
            }
          }
        }
      }
    } else {
      validate12.errors = [
        {
          instancePath,
          schemaPath: "contract#/definitions/User/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        },
      ];
      return false;
    }
  }
  validate12.errors = vErrors;
  return errors === 0;
}
const onUpdates_data = validate13;
const schema16 = { type: "array", items: { $ref: "contract#/definitions/User" } };
function validate13(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (errors === 0) {
    if (Array.isArray(data)) {
      var valid0 = true;
      const len0 = data.length;
      for (let i0 = 0; i0 < len0; i0++) {
        let data0 = data[i0];
        const _errs1 = errors;
        const _errs2 = errors;
        if (errors === _errs2) {
          if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
            let missing0;
            if (
              (data0.id === undefined && (missing0 = "id")) ||
              (data0.name === undefined && (missing0 = "name"))
            ) {
              validate13.errors = [
                {
                  instancePath: instancePath + "/" + i0,
                  schemaPath: "contract#/definitions/User/required",
                  keyword: "required",
                  params: { missingProperty: missing0 },
                  message: "must have required property '" + missing0 + "'",
                },
              ];
              return false;
            } else {
              if (data0.id !== undefined) {
                const _errs4 = errors;
                if (typeof data0.id !== "string") {
                  validate13.errors = [
                    {
                      instancePath: instancePath + "/" + i0 + "/id",
                      schemaPath: "contract#/definitions/User/properties/id/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    },
                  ];
                  return false;
                }
                var valid2 = _errs4 === errors;
              } else {
                var valid2 = true;
              }
              if (valid2) {
                if (data0.name !== undefined) {
                  const _errs6 = errors;
                  if (typeof data0.name !== "string") {
                    validate13.errors = [
                      {
                        instancePath: instancePath + "/" + i0 + "/name",
                        schemaPath: "contract#/definitions/User/properties/name/type",
                        keyword: "type",
                        params: { type: "string" },
                        message: "must be string",
                      },
                    ];
                    return false;
                  }
                  var valid2 = _errs6 === errors;
                } else {
                  var valid2 = true;
                }
                if (valid2) {
                  if (data0.bio !== undefined) {
                    const _errs8 = errors;
                    if (typeof data0.bio !== "string") {
                      validate13.errors = [
                        {
                          instancePath: instancePath + "/" + i0 + "/bio",
                          schemaPath: "contract#/definitions/User/properties/bio/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    var valid2 = _errs8 === errors;
                  } else {
                    var valid2 = true;
                  }
                }
              }
            }
          } else {
            validate13.errors = [
              {
                instancePath: instancePath + "/" + i0,
                schemaPath: "contract#/definitions/User/type",
                keyword: "type",
                params: { type: "object" },
                message: "must be object",
              },
            ];
            return false;
          }
        }
        var valid0 = _errs1 === errors;
        if (!valid0) {
          break;
        }
      }
    } else {
      validate13.errors = [
        {
          instancePath,
          schemaPath: "#/type",
          keyword: "type",
          params: { type: "array" },
          message: "must be array",
        },
      ];
      return false;
    }
  }
  validate13.errors = vErrors;
  return errors === 0;
}
const onUpdates_event = validate14;
const schema18 = { $ref: "contract#/definitions/OnUpdatesEvent" };
const schema19 = {
  type: "object",
  oneOf: [
    {
      type: "object",
      properties: {
        type: { type: "string", const: "started" },
        resumed: { type: "boolean" },
        lastEventId: { $ref: "#/definitions/EventId" },
        instance: { type: "string" },
      },
      required: ["type", "resumed", "instance"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "data" },
        id: { $ref: "#/definitions/EventId" },
        publishedAt: { type: "integer", format: "uint64", minimum: 0 },
        instance: { type: "string" },
        data: { type: "array", items: { $ref: "#/definitions/User" } },
      },
      required: ["type", "instance", "data"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "gap" },
        reason: { $ref: "#/definitions/GapReason" },
        lastEventId: { $ref: "#/definitions/EventId" },
      },
      required: ["type", "reason"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "status" },
        broker: { $ref: "#/definitions/BrokerStatus" },
      },
      required: ["type", "broker"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "stopped" },
        reason: { $ref: "#/definitions/StopReason" },
        retryAfterMs: { type: "integer", format: "uint64", minimum: 0 },
      },
      required: ["type", "reason"],
    },
  ],
  discriminator: { propertyName: "type" },
  required: ["type"],
};
const schema20 = { type: "string" };
const schema23 = { type: "string", enum: ["historyTrimmed", "epochChanged", "unknownPosition"] };
const schema25 = { type: "string", enum: ["up", "down"] };
const schema26 = { type: "string", enum: ["draining", "slowConsumer"] };
function validate15(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (errors === 0) {
    if (data && typeof data == "object" && !Array.isArray(data)) {
      let missing0;
      if (data.type === undefined && (missing0 = "type")) {
        validate15.errors = [
          {
            instancePath,
            schemaPath: "#/required",
            keyword: "required",
            params: { missingProperty: missing0 },
            message: "must have required property '" + missing0 + "'",
          },
        ];
        return false;
      } else {
        const tag0 = data.type;
        if (typeof tag0 == "string") {
          if (tag0 === "started") {
            const _errs2 = errors;
            if (errors === _errs2) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing1;
                if (
                  (data.type === undefined && (missing1 = "type")) ||
                  (data.resumed === undefined && (missing1 = "resumed")) ||
                  (data.instance === undefined && (missing1 = "instance"))
                ) {
                  validate15.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/0/required",
                      keyword: "required",
                      params: { missingProperty: missing1 },
                      message: "must have required property '" + missing1 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data0 = data.type;
                    const _errs4 = errors;
                    if (typeof data0 !== "string") {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/0/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("started" !== data0) {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/0/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "started" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid2 = _errs4 === errors;
                  } else {
                    var valid2 = true;
                  }
                  if (valid2) {
                    if (data.resumed !== undefined) {
                      const _errs6 = errors;
                      if (typeof data.resumed !== "boolean") {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/resumed",
                            schemaPath: "#/oneOf/0/properties/resumed/type",
                            keyword: "type",
                            params: { type: "boolean" },
                            message: "must be boolean",
                          },
                        ];
                        return false;
                      }
                      var valid2 = _errs6 === errors;
                    } else {
                      var valid2 = true;
                    }
                    if (valid2) {
                      if (data.lastEventId !== undefined) {
                        const _errs8 = errors;
                        if (typeof data.lastEventId !== "string") {
                          validate15.errors = [
                            {
                              instancePath: instancePath + "/lastEventId",
                              schemaPath: "#/definitions/EventId/type",
                              keyword: "type",
                              params: { type: "string" },
                              message: "must be string",
                            },
                          ];
                          return false;
                        }
                        var valid2 = _errs8 === errors;
                      } else {
                        var valid2 = true;
                      }
                      if (valid2) {
                        if (data.instance !== undefined) {
                          const _errs11 = errors;
                          if (typeof data.instance !== "string") {
                            validate15.errors = [
                              {
                                instancePath: instancePath + "/instance",
                                schemaPath: "#/oneOf/0/properties/instance/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                              },
                            ];
                            return false;
                          }
                          var valid2 = _errs11 === errors;
                        } else {
                          var valid2 = true;
                        }
                      }
                    }
                  }
                }
              } else {
                validate15.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/0/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "data") {
            const _errs13 = errors;
            if (errors === _errs13) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing2;
                if (
                  (data.type === undefined && (missing2 = "type")) ||
                  (data.instance === undefined && (missing2 = "instance")) ||
                  (data.data === undefined && (missing2 = "data"))
                ) {
                  validate15.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/1/required",
                      keyword: "required",
                      params: { missingProperty: missing2 },
                      message: "must have required property '" + missing2 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data4 = data.type;
                    const _errs15 = errors;
                    if (typeof data4 !== "string") {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/1/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("data" !== data4) {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/1/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "data" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid5 = _errs15 === errors;
                  } else {
                    var valid5 = true;
                  }
                  if (valid5) {
                    if (data.id !== undefined) {
                      const _errs17 = errors;
                      if (typeof data.id !== "string") {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/id",
                            schemaPath: "#/definitions/EventId/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      var valid5 = _errs17 === errors;
                    } else {
                      var valid5 = true;
                    }
                    if (valid5) {
                      if (data.publishedAt !== undefined) {
                        let data6 = data.publishedAt;
                        const _errs20 = errors;
                        if (
                          !(
                            typeof data6 == "number" &&
                            !(data6 % 1) &&
                            !isNaN(data6) &&
                            isFinite(data6)
                          )
                        ) {
                          validate15.errors = [
                            {
                              instancePath: instancePath + "/publishedAt",
                              schemaPath: "#/oneOf/1/properties/publishedAt/type",
                              keyword: "type",
                              params: { type: "integer" },
                              message: "must be integer",
                            },
                          ];
                          return false;
                        }
                        if (errors === _errs20) {
                          if (typeof data6 == "number" && isFinite(data6)) {
                            if (data6 < 0 || isNaN(data6)) {
                              validate15.errors = [
                                {
                                  instancePath: instancePath + "/publishedAt",
                                  schemaPath: "#/oneOf/1/properties/publishedAt/minimum",
                                  keyword: "minimum",
                                  params: { comparison: ">=", limit: 0 },
                                  message: "must be >= 0",
                                },
                              ];
                              return false;
                            }
                          }
                        }
                        var valid5 = _errs20 === errors;
                      } else {
                        var valid5 = true;
                      }
                      if (valid5) {
                        if (data.instance !== undefined) {
                          const _errs22 = errors;
                          if (typeof data.instance !== "string") {
                            validate15.errors = [
                              {
                                instancePath: instancePath + "/instance",
                                schemaPath: "#/oneOf/1/properties/instance/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                              },
                            ];
                            return false;
                          }
                          var valid5 = _errs22 === errors;
                        } else {
                          var valid5 = true;
                        }
                        if (valid5) {
                          if (data.data !== undefined) {
                            let data8 = data.data;
                            const _errs24 = errors;
                            if (errors === _errs24) {
                              if (Array.isArray(data8)) {
                                var valid7 = true;
                                const len0 = data8.length;
                                for (let i0 = 0; i0 < len0; i0++) {
                                  let data9 = data8[i0];
                                  const _errs26 = errors;
                                  const _errs27 = errors;
                                  if (errors === _errs27) {
                                    if (
                                      data9 &&
                                      typeof data9 == "object" &&
                                      !Array.isArray(data9)
                                    ) {
                                      let missing3;
                                      if (
                                        (data9.id === undefined && (missing3 = "id")) ||
                                        (data9.name === undefined && (missing3 = "name"))
                                      ) {
                                        validate15.errors = [
                                          {
                                            instancePath: instancePath + "/data/" + i0,
                                            schemaPath: "#/definitions/User/required",
                                            keyword: "required",
                                            params: { missingProperty: missing3 },
                                            message:
                                              "must have required property '" + missing3 + "'",
                                          },
                                        ];
                                        return false;
                                      } else {
                                        if (data9.id !== undefined) {
                                          const _errs29 = errors;
                                          if (typeof data9.id !== "string") {
                                            validate15.errors = [
                                              {
                                                instancePath: instancePath + "/data/" + i0 + "/id",
                                                schemaPath: "#/definitions/User/properties/id/type",
                                                keyword: "type",
                                                params: { type: "string" },
                                                message: "must be string",
                                              },
                                            ];
                                            return false;
                                          }
                                          var valid9 = _errs29 === errors;
                                        } else {
                                          var valid9 = true;
                                        }
                                        if (valid9) {
                                          if (data9.name !== undefined) {
                                            const _errs31 = errors;
                                            if (typeof data9.name !== "string") {
                                              validate15.errors = [
                                                {
                                                  instancePath:
                                                    instancePath + "/data/" + i0 + "/name",
                                                  schemaPath:
                                                    "#/definitions/User/properties/name/type",
                                                  keyword: "type",
                                                  params: { type: "string" },
                                                  message: "must be string",
                                                },
                                              ];
                                              return false;
                                            }
                                            var valid9 = _errs31 === errors;
                                          } else {
                                            var valid9 = true;
                                          }
                                          if (valid9) {
                                            if (data9.bio !== undefined) {
                                              const _errs33 = errors;
                                              if (typeof data9.bio !== "string") {
                                                validate15.errors = [
                                                  {
                                                    instancePath:
                                                      instancePath + "/data/" + i0 + "/bio",
                                                    schemaPath:
                                                      "#/definitions/User/properties/bio/type",
                                                    keyword: "type",
                                                    params: { type: "string" },
                                                    message: "must be string",
                                                  },
                                                ];
                                                return false;
                                              }
                                              var valid9 = _errs33 === errors;
                                            } else {
                                              var valid9 = true;
                                            }
                                          }
                                        }
                                      }
                                    } else {
                                      validate15.errors = [
                                        {
                                          instancePath: instancePath + "/data/" + i0,
                                          schemaPath: "#/definitions/User/type",
                                          keyword: "type",
                                          params: { type: "object" },
                                          message: "must be object",
                                        },
                                      ];
                                      return false;
                                    }
                                  }
                                  var valid7 = _errs26 === errors;
                                  if (!valid7) {
                                    break;
                                  }
                                }
                              } else {
                                validate15.errors = [
                                  {
                                    instancePath: instancePath + "/data",
                                    schemaPath: "#/oneOf/1/properties/data/type",
                                    keyword: "type",
                                    params: { type: "array" },
                                    message: "must be array",
                                  },
                                ];
                                return false;
                              }
                            }
                            var valid5 = _errs24 === errors;
                          } else {
                            var valid5 = true;
                          }
                        }
                      }
                    }
                  }
                }
              } else {
                validate15.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/1/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "gap") {
            const _errs35 = errors;
            if (errors === _errs35) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing4;
                if (
                  (data.type === undefined && (missing4 = "type")) ||
                  (data.reason === undefined && (missing4 = "reason"))
                ) {
                  validate15.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/2/required",
                      keyword: "required",
                      params: { missingProperty: missing4 },
                      message: "must have required property '" + missing4 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data13 = data.type;
                    const _errs37 = errors;
                    if (typeof data13 !== "string") {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/2/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("gap" !== data13) {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/2/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "gap" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid11 = _errs37 === errors;
                  } else {
                    var valid11 = true;
                  }
                  if (valid11) {
                    if (data.reason !== undefined) {
                      let data14 = data.reason;
                      const _errs39 = errors;
                      if (typeof data14 !== "string") {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/GapReason/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (
                        !(
                          data14 === "historyTrimmed" ||
                          data14 === "epochChanged" ||
                          data14 === "unknownPosition"
                        )
                      ) {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/GapReason/enum",
                            keyword: "enum",
                            params: { allowedValues: schema23.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid11 = _errs39 === errors;
                    } else {
                      var valid11 = true;
                    }
                    if (valid11) {
                      if (data.lastEventId !== undefined) {
                        const _errs42 = errors;
                        if (typeof data.lastEventId !== "string") {
                          validate15.errors = [
                            {
                              instancePath: instancePath + "/lastEventId",
                              schemaPath: "#/definitions/EventId/type",
                              keyword: "type",
                              params: { type: "string" },
                              message: "must be string",
                            },
                          ];
                          return false;
                        }
                        var valid11 = _errs42 === errors;
                      } else {
                        var valid11 = true;
                      }
                    }
                  }
                }
              } else {
                validate15.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/2/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "status") {
            const _errs45 = errors;
            if (errors === _errs45) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing5;
                if (
                  (data.type === undefined && (missing5 = "type")) ||
                  (data.broker === undefined && (missing5 = "broker"))
                ) {
                  validate15.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/3/required",
                      keyword: "required",
                      params: { missingProperty: missing5 },
                      message: "must have required property '" + missing5 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data16 = data.type;
                    const _errs47 = errors;
                    if (typeof data16 !== "string") {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/3/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("status" !== data16) {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/3/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "status" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid15 = _errs47 === errors;
                  } else {
                    var valid15 = true;
                  }
                  if (valid15) {
                    if (data.broker !== undefined) {
                      let data17 = data.broker;
                      const _errs49 = errors;
                      if (typeof data17 !== "string") {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/broker",
                            schemaPath: "#/definitions/BrokerStatus/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (!(data17 === "up" || data17 === "down")) {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/broker",
                            schemaPath: "#/definitions/BrokerStatus/enum",
                            keyword: "enum",
                            params: { allowedValues: schema25.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid15 = _errs49 === errors;
                    } else {
                      var valid15 = true;
                    }
                  }
                }
              } else {
                validate15.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/3/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "stopped") {
            const _errs52 = errors;
            if (errors === _errs52) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing6;
                if (
                  (data.type === undefined && (missing6 = "type")) ||
                  (data.reason === undefined && (missing6 = "reason"))
                ) {
                  validate15.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/4/required",
                      keyword: "required",
                      params: { missingProperty: missing6 },
                      message: "must have required property '" + missing6 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data18 = data.type;
                    const _errs54 = errors;
                    if (typeof data18 !== "string") {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/4/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("stopped" !== data18) {
                      validate15.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/4/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "stopped" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid18 = _errs54 === errors;
                  } else {
                    var valid18 = true;
                  }
                  if (valid18) {
                    if (data.reason !== undefined) {
                      let data19 = data.reason;
                      const _errs56 = errors;
                      if (typeof data19 !== "string") {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/StopReason/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (!(data19 === "draining" || data19 === "slowConsumer")) {
                        validate15.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/StopReason/enum",
                            keyword: "enum",
                            params: { allowedValues: schema26.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid18 = _errs56 === errors;
                    } else {
                      var valid18 = true;
                    }
                    if (valid18) {
                      if (data.retryAfterMs !== undefined) {
                        let data20 = data.retryAfterMs;
                        const _errs59 = errors;
                        if (
                          !(
                            typeof data20 == "number" &&
                            !(data20 % 1) &&
                            !isNaN(data20) &&
                            isFinite(data20)
                          )
                        ) {
                          validate15.errors = [
                            {
                              instancePath: instancePath + "/retryAfterMs",
                              schemaPath: "#/oneOf/4/properties/retryAfterMs/type",
                              keyword: "type",
                              params: { type: "integer" },
                              message: "must be integer",
                            },
                          ];
                          return false;
                        }
                        if (errors === _errs59) {
                          if (typeof data20 == "number" && isFinite(data20)) {
                            if (data20 < 0 || isNaN(data20)) {
                              validate15.errors = [
                                {
                                  instancePath: instancePath + "/retryAfterMs",
                                  schemaPath: "#/oneOf/4/properties/retryAfterMs/minimum",
                                  keyword: "minimum",
                                  params: { comparison: ">=", limit: 0 },
                                  message: "must be >= 0",
                                },
                              ];
                              return false;
                            }
                          }
                        }
                        var valid18 = _errs59 === errors;
                      } else {
                        var valid18 = true;
                      }
                    }
                  }
                }
              } else {
                validate15.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/4/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else {
            validate15.errors = [
              {
                instancePath,
                schemaPath: "#/discriminator",
                keyword: "discriminator",
                params: { error: "mapping", tag: "type", tagValue: tag0 },
                message: 'value of tag "type" must be in oneOf',
              },
            ];
            return false;
          }
        } else {
          validate15.errors = [
            {
              instancePath,
              schemaPath: "#/discriminator",
              keyword: "discriminator",
              params: { error: "tag", tag: "type", tagValue: tag0 },
              message: 'tag "type" must be string',
            },
          ];
          return false;
        }
      }
    } else {
      validate15.errors = [
        {
          instancePath,
          schemaPath: "#/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        },
      ];
      return false;
    }
  }
  validate15.errors = vErrors;
  return errors === 0;
}
function validate14(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (!validate15(data, { instancePath, parentData, parentDataProperty, rootData })) {
    vErrors = vErrors === null ? validate15.errors : vErrors.concat(validate15.errors);
    errors = vErrors.length;
  }
  validate14.errors = vErrors;
  return errors === 0;
}
const onInstances_data = validate17;
const schema27 = { type: "array", items: { $ref: "contract#/definitions/Instance" } };
const schema28 = {
  type: "object",
  properties: {
    name: { type: "string" },
    version: { type: "string" },
    uptimeMs: { type: "integer", format: "uint64", minimum: 0 },
    connections: { type: "integer", format: "uint64", minimum: 0 },
    subscriptions: { type: "integer", format: "uint64", minimum: 0 },
    eventsPerSecond: { type: "number", format: "double" },
    deliveriesPerSecond: { type: "number", format: "double" },
  },
  required: [
    "name",
    "version",
    "uptimeMs",
    "connections",
    "subscriptions",
    "eventsPerSecond",
    "deliveriesPerSecond",
  ],
};
function validate17(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (errors === 0) {
    if (Array.isArray(data)) {
      var valid0 = true;
      const len0 = data.length;
      for (let i0 = 0; i0 < len0; i0++) {
        let data0 = data[i0];
        const _errs1 = errors;
        const _errs2 = errors;
        if (errors === _errs2) {
          if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
            let missing0;
            if (
              (data0.name === undefined && (missing0 = "name")) ||
              (data0.version === undefined && (missing0 = "version")) ||
              (data0.uptimeMs === undefined && (missing0 = "uptimeMs")) ||
              (data0.connections === undefined && (missing0 = "connections")) ||
              (data0.subscriptions === undefined && (missing0 = "subscriptions")) ||
              (data0.eventsPerSecond === undefined && (missing0 = "eventsPerSecond")) ||
              (data0.deliveriesPerSecond === undefined && (missing0 = "deliveriesPerSecond"))
            ) {
              validate17.errors = [
                {
                  instancePath: instancePath + "/" + i0,
                  schemaPath: "contract#/definitions/Instance/required",
                  keyword: "required",
                  params: { missingProperty: missing0 },
                  message: "must have required property '" + missing0 + "'",
                },
              ];
              return false;
            } else {
              if (data0.name !== undefined) {
                const _errs4 = errors;
                if (typeof data0.name !== "string") {
                  validate17.errors = [
                    {
                      instancePath: instancePath + "/" + i0 + "/name",
                      schemaPath: "contract#/definitions/Instance/properties/name/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    },
                  ];
                  return false;
                }
                var valid2 = _errs4 === errors;
              } else {
                var valid2 = true;
              }
              if (valid2) {
                if (data0.version !== undefined) {
                  const _errs6 = errors;
                  if (typeof data0.version !== "string") {
                    validate17.errors = [
                      {
                        instancePath: instancePath + "/" + i0 + "/version",
                        schemaPath: "contract#/definitions/Instance/properties/version/type",
                        keyword: "type",
                        params: { type: "string" },
                        message: "must be string",
                      },
                    ];
                    return false;
                  }
                  var valid2 = _errs6 === errors;
                } else {
                  var valid2 = true;
                }
                if (valid2) {
                  if (data0.uptimeMs !== undefined) {
                    let data3 = data0.uptimeMs;
                    const _errs8 = errors;
                    if (
                      !(
                        typeof data3 == "number" &&
                        !(data3 % 1) &&
                        !isNaN(data3) &&
                        isFinite(data3)
                      )
                    ) {
                      validate17.errors = [
                        {
                          instancePath: instancePath + "/" + i0 + "/uptimeMs",
                          schemaPath: "contract#/definitions/Instance/properties/uptimeMs/type",
                          keyword: "type",
                          params: { type: "integer" },
                          message: "must be integer",
                        },
                      ];
                      return false;
                    }
                    if (errors === _errs8) {
                      if (typeof data3 == "number" && isFinite(data3)) {
                        if (data3 < 0 || isNaN(data3)) {
                          validate17.errors = [
                            {
                              instancePath: instancePath + "/" + i0 + "/uptimeMs",
                              schemaPath:
                                "contract#/definitions/Instance/properties/uptimeMs/minimum",
                              keyword: "minimum",
                              params: { comparison: ">=", limit: 0 },
                              message: "must be >= 0",
                            },
                          ];
                          return false;
                        }
                      }
                    }
                    var valid2 = _errs8 === errors;
                  } else {
                    var valid2 = true;
                  }
                  if (valid2) {
                    if (data0.connections !== undefined) {
                      let data4 = data0.connections;
                      const _errs10 = errors;
                      if (
                        !(
                          typeof data4 == "number" &&
                          !(data4 % 1) &&
                          !isNaN(data4) &&
                          isFinite(data4)
                        )
                      ) {
                        validate17.errors = [
                          {
                            instancePath: instancePath + "/" + i0 + "/connections",
                            schemaPath:
                              "contract#/definitions/Instance/properties/connections/type",
                            keyword: "type",
                            params: { type: "integer" },
                            message: "must be integer",
                          },
                        ];
                        return false;
                      }
                      if (errors === _errs10) {
                        if (typeof data4 == "number" && isFinite(data4)) {
                          if (data4 < 0 || isNaN(data4)) {
                            validate17.errors = [
                              {
                                instancePath: instancePath + "/" + i0 + "/connections",
                                schemaPath:
                                  "contract#/definitions/Instance/properties/connections/minimum",
                                keyword: "minimum",
                                params: { comparison: ">=", limit: 0 },
                                message: "must be >= 0",
                              },
                            ];
                            return false;
                          }
                        }
                      }
                      var valid2 = _errs10 === errors;
                    } else {
                      var valid2 = true;
                    }
                    if (valid2) {
                      if (data0.subscriptions !== undefined) {
                        let data5 = data0.subscriptions;
                        const _errs12 = errors;
                        if (
                          !(
                            typeof data5 == "number" &&
                            !(data5 % 1) &&
                            !isNaN(data5) &&
                            isFinite(data5)
                          )
                        ) {
                          validate17.errors = [
                            {
                              instancePath: instancePath + "/" + i0 + "/subscriptions",
                              schemaPath:
                                "contract#/definitions/Instance/properties/subscriptions/type",
                              keyword: "type",
                              params: { type: "integer" },
                              message: "must be integer",
                            },
                          ];
                          return false;
                        }
                        if (errors === _errs12) {
                          if (typeof data5 == "number" && isFinite(data5)) {
                            if (data5 < 0 || isNaN(data5)) {
                              validate17.errors = [
                                {
                                  instancePath: instancePath + "/" + i0 + "/subscriptions",
                                  schemaPath:
                                    "contract#/definitions/Instance/properties/subscriptions/minimum",
                                  keyword: "minimum",
                                  params: { comparison: ">=", limit: 0 },
                                  message: "must be >= 0",
                                },
                              ];
                              return false;
                            }
                          }
                        }
                        var valid2 = _errs12 === errors;
                      } else {
                        var valid2 = true;
                      }
                      if (valid2) {
                        if (data0.eventsPerSecond !== undefined) {
                          let data6 = data0.eventsPerSecond;
                          const _errs14 = errors;
                          if (errors === _errs14) {
                            if (!(typeof data6 == "number" && isFinite(data6))) {
                              validate17.errors = [
                                {
                                  instancePath: instancePath + "/" + i0 + "/eventsPerSecond",
                                  schemaPath:
                                    "contract#/definitions/Instance/properties/eventsPerSecond/type",
                                  keyword: "type",
                                  params: { type: "number" },
                                  message: "must be number",
                                },
                              ];
                              return false;
                            }
                          }
                          var valid2 = _errs14 === errors;
                        } else {
                          var valid2 = true;
                        }
                        if (valid2) {
                          if (data0.deliveriesPerSecond !== undefined) {
                            let data7 = data0.deliveriesPerSecond;
                            const _errs16 = errors;
                            if (errors === _errs16) {
                              if (!(typeof data7 == "number" && isFinite(data7))) {
                                validate17.errors = [
                                  {
                                    instancePath: instancePath + "/" + i0 + "/deliveriesPerSecond",
                                    schemaPath:
                                      "contract#/definitions/Instance/properties/deliveriesPerSecond/type",
                                    keyword: "type",
                                    params: { type: "number" },
                                    message: "must be number",
                                  },
                                ];
                                return false;
                              }
                            }
                            var valid2 = _errs16 === errors;
                          } else {
                            var valid2 = true;
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          } else {
            validate17.errors = [
              {
                instancePath: instancePath + "/" + i0,
                schemaPath: "contract#/definitions/Instance/type",
                keyword: "type",
                params: { type: "object" },
                message: "must be object",
              },
            ];
            return false;
          }
        }
        var valid0 = _errs1 === errors;
        if (!valid0) {
          break;
        }
      }
    } else {
      validate17.errors = [
        {
          instancePath,
          schemaPath: "#/type",
          keyword: "type",
          params: { type: "array" },
          message: "must be array",
        },
      ];
      return false;
    }
  }
  validate17.errors = vErrors;
  return errors === 0;
}
const onInstances_event = validate18;
const schema29 = { $ref: "contract#/definitions/OnInstancesEvent" };
const schema30 = {
  type: "object",
  oneOf: [
    {
      type: "object",
      properties: {
        type: { type: "string", const: "started" },
        resumed: { type: "boolean" },
        lastEventId: { $ref: "#/definitions/EventId" },
        instance: { type: "string" },
      },
      required: ["type", "resumed", "instance"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "data" },
        id: { $ref: "#/definitions/EventId" },
        publishedAt: { type: "integer", format: "uint64", minimum: 0 },
        instance: { type: "string" },
        data: { type: "array", items: { $ref: "#/definitions/Instance" } },
      },
      required: ["type", "instance", "data"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "gap" },
        reason: { $ref: "#/definitions/GapReason" },
        lastEventId: { $ref: "#/definitions/EventId" },
      },
      required: ["type", "reason"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "status" },
        broker: { $ref: "#/definitions/BrokerStatus" },
      },
      required: ["type", "broker"],
    },
    {
      type: "object",
      properties: {
        type: { type: "string", const: "stopped" },
        reason: { $ref: "#/definitions/StopReason" },
        retryAfterMs: { type: "integer", format: "uint64", minimum: 0 },
      },
      required: ["type", "reason"],
    },
  ],
  discriminator: { propertyName: "type" },
  required: ["type"],
};
function validate19(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (errors === 0) {
    if (data && typeof data == "object" && !Array.isArray(data)) {
      let missing0;
      if (data.type === undefined && (missing0 = "type")) {
        validate19.errors = [
          {
            instancePath,
            schemaPath: "#/required",
            keyword: "required",
            params: { missingProperty: missing0 },
            message: "must have required property '" + missing0 + "'",
          },
        ];
        return false;
      } else {
        const tag0 = data.type;
        if (typeof tag0 == "string") {
          if (tag0 === "started") {
            const _errs2 = errors;
            if (errors === _errs2) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing1;
                if (
                  (data.type === undefined && (missing1 = "type")) ||
                  (data.resumed === undefined && (missing1 = "resumed")) ||
                  (data.instance === undefined && (missing1 = "instance"))
                ) {
                  validate19.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/0/required",
                      keyword: "required",
                      params: { missingProperty: missing1 },
                      message: "must have required property '" + missing1 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data0 = data.type;
                    const _errs4 = errors;
                    if (typeof data0 !== "string") {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/0/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("started" !== data0) {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/0/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "started" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid2 = _errs4 === errors;
                  } else {
                    var valid2 = true;
                  }
                  if (valid2) {
                    if (data.resumed !== undefined) {
                      const _errs6 = errors;
                      if (typeof data.resumed !== "boolean") {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/resumed",
                            schemaPath: "#/oneOf/0/properties/resumed/type",
                            keyword: "type",
                            params: { type: "boolean" },
                            message: "must be boolean",
                          },
                        ];
                        return false;
                      }
                      var valid2 = _errs6 === errors;
                    } else {
                      var valid2 = true;
                    }
                    if (valid2) {
                      if (data.lastEventId !== undefined) {
                        const _errs8 = errors;
                        if (typeof data.lastEventId !== "string") {
                          validate19.errors = [
                            {
                              instancePath: instancePath + "/lastEventId",
                              schemaPath: "#/definitions/EventId/type",
                              keyword: "type",
                              params: { type: "string" },
                              message: "must be string",
                            },
                          ];
                          return false;
                        }
                        var valid2 = _errs8 === errors;
                      } else {
                        var valid2 = true;
                      }
                      if (valid2) {
                        if (data.instance !== undefined) {
                          const _errs11 = errors;
                          if (typeof data.instance !== "string") {
                            validate19.errors = [
                              {
                                instancePath: instancePath + "/instance",
                                schemaPath: "#/oneOf/0/properties/instance/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                              },
                            ];
                            return false;
                          }
                          var valid2 = _errs11 === errors;
                        } else {
                          var valid2 = true;
                        }
                      }
                    }
                  }
                }
              } else {
                validate19.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/0/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "data") {
            const _errs13 = errors;
            if (errors === _errs13) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing2;
                if (
                  (data.type === undefined && (missing2 = "type")) ||
                  (data.instance === undefined && (missing2 = "instance")) ||
                  (data.data === undefined && (missing2 = "data"))
                ) {
                  validate19.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/1/required",
                      keyword: "required",
                      params: { missingProperty: missing2 },
                      message: "must have required property '" + missing2 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data4 = data.type;
                    const _errs15 = errors;
                    if (typeof data4 !== "string") {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/1/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("data" !== data4) {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/1/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "data" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid5 = _errs15 === errors;
                  } else {
                    var valid5 = true;
                  }
                  if (valid5) {
                    if (data.id !== undefined) {
                      const _errs17 = errors;
                      if (typeof data.id !== "string") {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/id",
                            schemaPath: "#/definitions/EventId/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      var valid5 = _errs17 === errors;
                    } else {
                      var valid5 = true;
                    }
                    if (valid5) {
                      if (data.publishedAt !== undefined) {
                        let data6 = data.publishedAt;
                        const _errs20 = errors;
                        if (
                          !(
                            typeof data6 == "number" &&
                            !(data6 % 1) &&
                            !isNaN(data6) &&
                            isFinite(data6)
                          )
                        ) {
                          validate19.errors = [
                            {
                              instancePath: instancePath + "/publishedAt",
                              schemaPath: "#/oneOf/1/properties/publishedAt/type",
                              keyword: "type",
                              params: { type: "integer" },
                              message: "must be integer",
                            },
                          ];
                          return false;
                        }
                        if (errors === _errs20) {
                          if (typeof data6 == "number" && isFinite(data6)) {
                            if (data6 < 0 || isNaN(data6)) {
                              validate19.errors = [
                                {
                                  instancePath: instancePath + "/publishedAt",
                                  schemaPath: "#/oneOf/1/properties/publishedAt/minimum",
                                  keyword: "minimum",
                                  params: { comparison: ">=", limit: 0 },
                                  message: "must be >= 0",
                                },
                              ];
                              return false;
                            }
                          }
                        }
                        var valid5 = _errs20 === errors;
                      } else {
                        var valid5 = true;
                      }
                      if (valid5) {
                        if (data.instance !== undefined) {
                          const _errs22 = errors;
                          if (typeof data.instance !== "string") {
                            validate19.errors = [
                              {
                                instancePath: instancePath + "/instance",
                                schemaPath: "#/oneOf/1/properties/instance/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                              },
                            ];
                            return false;
                          }
                          var valid5 = _errs22 === errors;
                        } else {
                          var valid5 = true;
                        }
                        if (valid5) {
                          if (data.data !== undefined) {
                            let data8 = data.data;
                            const _errs24 = errors;
                            if (errors === _errs24) {
                              if (Array.isArray(data8)) {
                                var valid7 = true;
                                const len0 = data8.length;
                                for (let i0 = 0; i0 < len0; i0++) {
                                  let data9 = data8[i0];
                                  const _errs26 = errors;
                                  const _errs27 = errors;
                                  if (errors === _errs27) {
                                    if (
                                      data9 &&
                                      typeof data9 == "object" &&
                                      !Array.isArray(data9)
                                    ) {
                                      let missing3;
                                      if (
                                        (data9.name === undefined && (missing3 = "name")) ||
                                        (data9.version === undefined && (missing3 = "version")) ||
                                        (data9.uptimeMs === undefined && (missing3 = "uptimeMs")) ||
                                        (data9.connections === undefined &&
                                          (missing3 = "connections")) ||
                                        (data9.subscriptions === undefined &&
                                          (missing3 = "subscriptions")) ||
                                        (data9.eventsPerSecond === undefined &&
                                          (missing3 = "eventsPerSecond")) ||
                                        (data9.deliveriesPerSecond === undefined &&
                                          (missing3 = "deliveriesPerSecond"))
                                      ) {
                                        validate19.errors = [
                                          {
                                            instancePath: instancePath + "/data/" + i0,
                                            schemaPath: "#/definitions/Instance/required",
                                            keyword: "required",
                                            params: { missingProperty: missing3 },
                                            message:
                                              "must have required property '" + missing3 + "'",
                                          },
                                        ];
                                        return false;
                                      } else {
                                        if (data9.name !== undefined) {
                                          const _errs29 = errors;
                                          if (typeof data9.name !== "string") {
                                            validate19.errors = [
                                              {
                                                instancePath:
                                                  instancePath + "/data/" + i0 + "/name",
                                                schemaPath:
                                                  "#/definitions/Instance/properties/name/type",
                                                keyword: "type",
                                                params: { type: "string" },
                                                message: "must be string",
                                              },
                                            ];
                                            return false;
                                          }
                                          var valid9 = _errs29 === errors;
                                        } else {
                                          var valid9 = true;
                                        }
                                        if (valid9) {
                                          if (data9.version !== undefined) {
                                            const _errs31 = errors;
                                            if (typeof data9.version !== "string") {
                                              validate19.errors = [
                                                {
                                                  instancePath:
                                                    instancePath + "/data/" + i0 + "/version",
                                                  schemaPath:
                                                    "#/definitions/Instance/properties/version/type",
                                                  keyword: "type",
                                                  params: { type: "string" },
                                                  message: "must be string",
                                                },
                                              ];
                                              return false;
                                            }
                                            var valid9 = _errs31 === errors;
                                          } else {
                                            var valid9 = true;
                                          }
                                          if (valid9) {
                                            if (data9.uptimeMs !== undefined) {
                                              let data12 = data9.uptimeMs;
                                              const _errs33 = errors;
                                              if (
                                                !(
                                                  typeof data12 == "number" &&
                                                  !(data12 % 1) &&
                                                  !isNaN(data12) &&
                                                  isFinite(data12)
                                                )
                                              ) {
                                                validate19.errors = [
                                                  {
                                                    instancePath:
                                                      instancePath + "/data/" + i0 + "/uptimeMs",
                                                    schemaPath:
                                                      "#/definitions/Instance/properties/uptimeMs/type",
                                                    keyword: "type",
                                                    params: { type: "integer" },
                                                    message: "must be integer",
                                                  },
                                                ];
                                                return false;
                                              }
                                              if (errors === _errs33) {
                                                if (typeof data12 == "number" && isFinite(data12)) {
                                                  if (data12 < 0 || isNaN(data12)) {
                                                    validate19.errors = [
                                                      {
                                                        instancePath:
                                                          instancePath +
                                                          "/data/" +
                                                          i0 +
                                                          "/uptimeMs",
                                                        schemaPath:
                                                          "#/definitions/Instance/properties/uptimeMs/minimum",
                                                        keyword: "minimum",
                                                        params: { comparison: ">=", limit: 0 },
                                                        message: "must be >= 0",
                                                      },
                                                    ];
                                                    return false;
                                                  }
                                                }
                                              }
                                              var valid9 = _errs33 === errors;
                                            } else {
                                              var valid9 = true;
                                            }
                                            if (valid9) {
                                              if (data9.connections !== undefined) {
                                                let data13 = data9.connections;
                                                const _errs35 = errors;
                                                if (
                                                  !(
                                                    typeof data13 == "number" &&
                                                    !(data13 % 1) &&
                                                    !isNaN(data13) &&
                                                    isFinite(data13)
                                                  )
                                                ) {
                                                  validate19.errors = [
                                                    {
                                                      instancePath:
                                                        instancePath +
                                                        "/data/" +
                                                        i0 +
                                                        "/connections",
                                                      schemaPath:
                                                        "#/definitions/Instance/properties/connections/type",
                                                      keyword: "type",
                                                      params: { type: "integer" },
                                                      message: "must be integer",
                                                    },
                                                  ];
                                                  return false;
                                                }
                                                if (errors === _errs35) {
                                                  if (
                                                    typeof data13 == "number" &&
                                                    isFinite(data13)
                                                  ) {
                                                    if (data13 < 0 || isNaN(data13)) {
                                                      validate19.errors = [
                                                        {
                                                          instancePath:
                                                            instancePath +
                                                            "/data/" +
                                                            i0 +
                                                            "/connections",
                                                          schemaPath:
                                                            "#/definitions/Instance/properties/connections/minimum",
                                                          keyword: "minimum",
                                                          params: { comparison: ">=", limit: 0 },
                                                          message: "must be >= 0",
                                                        },
                                                      ];
                                                      return false;
                                                    }
                                                  }
                                                }
                                                var valid9 = _errs35 === errors;
                                              } else {
                                                var valid9 = true;
                                              }
                                              if (valid9) {
                                                if (data9.subscriptions !== undefined) {
                                                  let data14 = data9.subscriptions;
                                                  const _errs37 = errors;
                                                  if (
                                                    !(
                                                      typeof data14 == "number" &&
                                                      !(data14 % 1) &&
                                                      !isNaN(data14) &&
                                                      isFinite(data14)
                                                    )
                                                  ) {
                                                    validate19.errors = [
                                                      {
                                                        instancePath:
                                                          instancePath +
                                                          "/data/" +
                                                          i0 +
                                                          "/subscriptions",
                                                        schemaPath:
                                                          "#/definitions/Instance/properties/subscriptions/type",
                                                        keyword: "type",
                                                        params: { type: "integer" },
                                                        message: "must be integer",
                                                      },
                                                    ];
                                                    return false;
                                                  }
                                                  if (errors === _errs37) {
                                                    if (
                                                      typeof data14 == "number" &&
                                                      isFinite(data14)
                                                    ) {
                                                      if (data14 < 0 || isNaN(data14)) {
                                                        validate19.errors = [
                                                          {
                                                            instancePath:
                                                              instancePath +
                                                              "/data/" +
                                                              i0 +
                                                              "/subscriptions",
                                                            schemaPath:
                                                              "#/definitions/Instance/properties/subscriptions/minimum",
                                                            keyword: "minimum",
                                                            params: { comparison: ">=", limit: 0 },
                                                            message: "must be >= 0",
                                                          },
                                                        ];
                                                        return false;
                                                      }
                                                    }
                                                  }
                                                  var valid9 = _errs37 === errors;
                                                } else {
                                                  var valid9 = true;
                                                }
                                                if (valid9) {
                                                  if (data9.eventsPerSecond !== undefined) {
                                                    let data15 = data9.eventsPerSecond;
                                                    const _errs39 = errors;
                                                    if (errors === _errs39) {
                                                      if (
                                                        !(
                                                          typeof data15 == "number" &&
                                                          isFinite(data15)
                                                        )
                                                      ) {
                                                        validate19.errors = [
                                                          {
                                                            instancePath:
                                                              instancePath +
                                                              "/data/" +
                                                              i0 +
                                                              "/eventsPerSecond",
                                                            schemaPath:
                                                              "#/definitions/Instance/properties/eventsPerSecond/type",
                                                            keyword: "type",
                                                            params: { type: "number" },
                                                            message: "must be number",
                                                          },
                                                        ];
                                                        return false;
                                                      }
                                                    }
                                                    var valid9 = _errs39 === errors;
                                                  } else {
                                                    var valid9 = true;
                                                  }
                                                  if (valid9) {
                                                    if (data9.deliveriesPerSecond !== undefined) {
                                                      let data16 = data9.deliveriesPerSecond;
                                                      const _errs41 = errors;
                                                      if (errors === _errs41) {
                                                        if (
                                                          !(
                                                            typeof data16 == "number" &&
                                                            isFinite(data16)
                                                          )
                                                        ) {
                                                          validate19.errors = [
                                                            {
                                                              instancePath:
                                                                instancePath +
                                                                "/data/" +
                                                                i0 +
                                                                "/deliveriesPerSecond",
                                                              schemaPath:
                                                                "#/definitions/Instance/properties/deliveriesPerSecond/type",
                                                              keyword: "type",
                                                              params: { type: "number" },
                                                              message: "must be number",
                                                            },
                                                          ];
                                                          return false;
                                                        }
                                                      }
                                                      var valid9 = _errs41 === errors;
                                                    } else {
                                                      var valid9 = true;
                                                    }
                                                  }
                                                }
                                              }
                                            }
                                          }
                                        }
                                      }
                                    } else {
                                      validate19.errors = [
                                        {
                                          instancePath: instancePath + "/data/" + i0,
                                          schemaPath: "#/definitions/Instance/type",
                                          keyword: "type",
                                          params: { type: "object" },
                                          message: "must be object",
                                        },
                                      ];
                                      return false;
                                    }
                                  }
                                  var valid7 = _errs26 === errors;
                                  if (!valid7) {
                                    break;
                                  }
                                }
                              } else {
                                validate19.errors = [
                                  {
                                    instancePath: instancePath + "/data",
                                    schemaPath: "#/oneOf/1/properties/data/type",
                                    keyword: "type",
                                    params: { type: "array" },
                                    message: "must be array",
                                  },
                                ];
                                return false;
                              }
                            }
                            var valid5 = _errs24 === errors;
                          } else {
                            var valid5 = true;
                          }
                        }
                      }
                    }
                  }
                }
              } else {
                validate19.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/1/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "gap") {
            const _errs43 = errors;
            if (errors === _errs43) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing4;
                if (
                  (data.type === undefined && (missing4 = "type")) ||
                  (data.reason === undefined && (missing4 = "reason"))
                ) {
                  validate19.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/2/required",
                      keyword: "required",
                      params: { missingProperty: missing4 },
                      message: "must have required property '" + missing4 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data17 = data.type;
                    const _errs45 = errors;
                    if (typeof data17 !== "string") {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/2/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("gap" !== data17) {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/2/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "gap" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid11 = _errs45 === errors;
                  } else {
                    var valid11 = true;
                  }
                  if (valid11) {
                    if (data.reason !== undefined) {
                      let data18 = data.reason;
                      const _errs47 = errors;
                      if (typeof data18 !== "string") {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/GapReason/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (
                        !(
                          data18 === "historyTrimmed" ||
                          data18 === "epochChanged" ||
                          data18 === "unknownPosition"
                        )
                      ) {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/GapReason/enum",
                            keyword: "enum",
                            params: { allowedValues: schema23.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid11 = _errs47 === errors;
                    } else {
                      var valid11 = true;
                    }
                    if (valid11) {
                      if (data.lastEventId !== undefined) {
                        const _errs50 = errors;
                        if (typeof data.lastEventId !== "string") {
                          validate19.errors = [
                            {
                              instancePath: instancePath + "/lastEventId",
                              schemaPath: "#/definitions/EventId/type",
                              keyword: "type",
                              params: { type: "string" },
                              message: "must be string",
                            },
                          ];
                          return false;
                        }
                        var valid11 = _errs50 === errors;
                      } else {
                        var valid11 = true;
                      }
                    }
                  }
                }
              } else {
                validate19.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/2/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "status") {
            const _errs53 = errors;
            if (errors === _errs53) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing5;
                if (
                  (data.type === undefined && (missing5 = "type")) ||
                  (data.broker === undefined && (missing5 = "broker"))
                ) {
                  validate19.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/3/required",
                      keyword: "required",
                      params: { missingProperty: missing5 },
                      message: "must have required property '" + missing5 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data20 = data.type;
                    const _errs55 = errors;
                    if (typeof data20 !== "string") {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/3/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("status" !== data20) {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/3/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "status" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid15 = _errs55 === errors;
                  } else {
                    var valid15 = true;
                  }
                  if (valid15) {
                    if (data.broker !== undefined) {
                      let data21 = data.broker;
                      const _errs57 = errors;
                      if (typeof data21 !== "string") {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/broker",
                            schemaPath: "#/definitions/BrokerStatus/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (!(data21 === "up" || data21 === "down")) {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/broker",
                            schemaPath: "#/definitions/BrokerStatus/enum",
                            keyword: "enum",
                            params: { allowedValues: schema25.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid15 = _errs57 === errors;
                    } else {
                      var valid15 = true;
                    }
                  }
                }
              } else {
                validate19.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/3/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else if (tag0 === "stopped") {
            const _errs60 = errors;
            if (errors === _errs60) {
              if (data && typeof data == "object" && !Array.isArray(data)) {
                let missing6;
                if (
                  (data.type === undefined && (missing6 = "type")) ||
                  (data.reason === undefined && (missing6 = "reason"))
                ) {
                  validate19.errors = [
                    {
                      instancePath,
                      schemaPath: "#/oneOf/4/required",
                      keyword: "required",
                      params: { missingProperty: missing6 },
                      message: "must have required property '" + missing6 + "'",
                    },
                  ];
                  return false;
                } else {
                  if (data.type !== undefined) {
                    let data22 = data.type;
                    const _errs62 = errors;
                    if (typeof data22 !== "string") {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/4/properties/type/type",
                          keyword: "type",
                          params: { type: "string" },
                          message: "must be string",
                        },
                      ];
                      return false;
                    }
                    if ("stopped" !== data22) {
                      validate19.errors = [
                        {
                          instancePath: instancePath + "/type",
                          schemaPath: "#/oneOf/4/properties/type/const",
                          keyword: "const",
                          params: { allowedValue: "stopped" },
                          message: "must be equal to constant",
                        },
                      ];
                      return false;
                    }
                    var valid18 = _errs62 === errors;
                  } else {
                    var valid18 = true;
                  }
                  if (valid18) {
                    if (data.reason !== undefined) {
                      let data23 = data.reason;
                      const _errs64 = errors;
                      if (typeof data23 !== "string") {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/StopReason/type",
                            keyword: "type",
                            params: { type: "string" },
                            message: "must be string",
                          },
                        ];
                        return false;
                      }
                      if (!(data23 === "draining" || data23 === "slowConsumer")) {
                        validate19.errors = [
                          {
                            instancePath: instancePath + "/reason",
                            schemaPath: "#/definitions/StopReason/enum",
                            keyword: "enum",
                            params: { allowedValues: schema26.enum },
                            message: "must be equal to one of the allowed values",
                          },
                        ];
                        return false;
                      }
                      var valid18 = _errs64 === errors;
                    } else {
                      var valid18 = true;
                    }
                    if (valid18) {
                      if (data.retryAfterMs !== undefined) {
                        let data24 = data.retryAfterMs;
                        const _errs67 = errors;
                        if (
                          !(
                            typeof data24 == "number" &&
                            !(data24 % 1) &&
                            !isNaN(data24) &&
                            isFinite(data24)
                          )
                        ) {
                          validate19.errors = [
                            {
                              instancePath: instancePath + "/retryAfterMs",
                              schemaPath: "#/oneOf/4/properties/retryAfterMs/type",
                              keyword: "type",
                              params: { type: "integer" },
                              message: "must be integer",
                            },
                          ];
                          return false;
                        }
                        if (errors === _errs67) {
                          if (typeof data24 == "number" && isFinite(data24)) {
                            if (data24 < 0 || isNaN(data24)) {
                              validate19.errors = [
                                {
                                  instancePath: instancePath + "/retryAfterMs",
                                  schemaPath: "#/oneOf/4/properties/retryAfterMs/minimum",
                                  keyword: "minimum",
                                  params: { comparison: ">=", limit: 0 },
                                  message: "must be >= 0",
                                },
                              ];
                              return false;
                            }
                          }
                        }
                        var valid18 = _errs67 === errors;
                      } else {
                        var valid18 = true;
                      }
                    }
                  }
                }
              } else {
                validate19.errors = [
                  {
                    instancePath,
                    schemaPath: "#/oneOf/4/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                  },
                ];
                return false;
              }
            }
          } else {
            validate19.errors = [
              {
                instancePath,
                schemaPath: "#/discriminator",
                keyword: "discriminator",
                params: { error: "mapping", tag: "type", tagValue: tag0 },
                message: 'value of tag "type" must be in oneOf',
              },
            ];
            return false;
          }
        } else {
          validate19.errors = [
            {
              instancePath,
              schemaPath: "#/discriminator",
              keyword: "discriminator",
              params: { error: "tag", tag: "type", tagValue: tag0 },
              message: 'tag "type" must be string',
            },
          ];
          return false;
        }
      }
    } else {
      validate19.errors = [
        {
          instancePath,
          schemaPath: "#/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        },
      ];
      return false;
    }
  }
  validate19.errors = vErrors;
  return errors === 0;
}
function validate18(
  data,
  { instancePath = "", parentData, parentDataProperty, rootData = data } = {},
) {
  let vErrors = null;
  let errors = 0;
  if (!validate19(data, { instancePath, parentData, parentDataProperty, rootData })) {
    vErrors = vErrors === null ? validate19.errors : vErrors.concat(validate19.errors);
    errors = vErrors.length;
  }
  validate18.errors = vErrors;
  return errors === 0;
}
/** The check of each procedure's output. */
export const outputValidators: Readonly<Record<string, Validate>> = {
  allUsers: allUsers_output,
  userById: userById_output,
};
/** The check of each procedure's data. */
export const dataValidators: Readonly<Record<string, Validate>> = {
  onUpdates: onUpdates_data,
  onInstances: onInstances_data,
};
/** The check of each procedure's event. */
export const eventValidators: Readonly<Record<string, Validate>> = {
  onUpdates: onUpdates_event,
  onInstances: onInstances_event,
};
