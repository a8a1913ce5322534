/** The object with one of its methods replaced; the others work on the original. */
export const withMethod = <T extends object>(original: T, name: keyof T, method: unknown): T =>
  new Proxy(original, {
    get: (target, property) => {
      if (property === name) return method;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
