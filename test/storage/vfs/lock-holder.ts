/** Takes the lock of the directory given as argument, says so, and holds it until it is killed or its parent is gone. */
import { diskVfs } from "../../../storage/vfs/disk.ts";

diskVfs(process.argv[2] ?? ".").lock("LOCK");
console.log("locked");
process.stdin.on("end", () => process.exit()).resume();
