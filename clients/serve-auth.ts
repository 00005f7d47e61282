// Serves the README's auth.ts on a port of the loopback; without a database, Better Auth keeps everything in memory.
import { createServer } from "node:http"
import { toNodeHandler } from "better-auth/node"
import { auth } from "./auth.js"

createServer(toNodeHandler(auth)).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening"))
