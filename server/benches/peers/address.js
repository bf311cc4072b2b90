// Where to listen and where Valkey is: `PORT` and `VALKEY_PORT`, both on 127.0.0.1.

export const HOST = "127.0.0.1";
export const PORT = Number(process.env.PORT);
export const VALKEY_PORT = Number(process.env.VALKEY_PORT);
