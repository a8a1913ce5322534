/**
 * Request shapes: a small language that states what a request may look like. One description serves three readers:
 * `decode` (JSON types), `constraints` (lengths, ranges, enums, patterns) and the compiler (`Infer`).
 *
 * Shapes are plain frozen data; nothing here has behaviour. Members are written in the order in which the service lists
 * their violations, and enum values in the order in which it prints them.
 */
import type { RawAttributeValue, RawItem } from "../values/attribute-value.ts";

/** Lengths (characters, elements or entries), inclusive. */
export interface LengthBounds {
  readonly min?: number;
  readonly max?: number;
}

/** A regular expression that must match the whole value: as the service prints it, and as we run it. */
export interface Pattern {
  readonly text: string;
  readonly regexp: RegExp;
}

interface ShapeBase {
  /**
   * Violations of this shape are worded as the service's newer front end does: the path in capitals, without the value
   * ("Value at 'Limit' failed to satisfy constraint: …").
   */
  readonly modern?: true;
}

export interface StringShape<T extends string = string> extends ShapeBase, LengthBounds {
  readonly kind: "string";
  readonly pattern?: Pattern;
  /** The pattern is judged, and listed, before the length, and of an empty string as well. */
  readonly patternFirst?: true;
  /** The allowed values; every string when absent. */
  readonly values?: readonly T[];
  /** A value that starts with "arn:" may be given instead: the other bounds do not apply to it, only this length. */
  readonly arnMax?: number;
}

export interface NumberShape extends ShapeBase {
  /** integer: 32 bits; long: 64 bits; both truncate fractions. timestamp: epoch seconds, fractions allowed. */
  readonly kind: "integer" | "long" | "double" | "timestamp";
  readonly min?: number;
  readonly max?: number;
}

export interface BooleanShape extends ShapeBase {
  readonly kind: "boolean";
}

/** Bytes: a base64 string on the wire and in memory. */
export interface BlobShape extends ShapeBase {
  readonly kind: "blob";
}

/** One attribute value in wire form. */
export interface AttributeValueShape extends ShapeBase {
  readonly kind: "attributeValue";
}

/** Attribute names to attribute values, in wire form: an item, a key, or the values of an expression. */
export interface ItemShape extends ShapeBase {
  readonly kind: "item";
}

export interface ListShape<E extends Shape = Shape> extends ShapeBase, LengthBounds {
  readonly kind: "list";
  readonly element: E;
}

export interface MapShape<V extends Shape = Shape> extends ShapeBase, LengthBounds {
  readonly kind: "map";
  /** Constraints on the keys. */
  readonly key?: StringShape;
  readonly value: V;
}

/** A structure's members by name: a shape when optional, `required(shape)` when not. */
export interface Members {
  readonly [name: string]: Shape | RequiredMember;
}

export interface StructureShape<M extends Members = Members> extends ShapeBase {
  readonly kind: "structure";
  /** The name in the service's model; part of some messages. */
  readonly name: string;
  readonly members: M;
}

export type Shape =
  | StringShape
  | NumberShape
  | BooleanShape
  | BlobShape
  | AttributeValueShape
  | ItemShape
  | ListShape
  | MapShape
  | StructureShape;

export interface RequiredOptions {
  /** The whole message when the member is absent, instead of the modelled "Member must not be null". */
  readonly absent?: string;
  /** An empty map, list or string counts as absent (`absent` must be given). */
  readonly emptyIsAbsent?: true;
  /** Violations inside this member are reported alone, before those of the other members. */
  readonly alone?: true;
}

export interface RequiredMember<S extends Shape = Shape> extends RequiredOptions {
  readonly kind: "required";
  readonly shape: S;
}

/** The static type of a decoded and checked value of a shape. */
export type Infer<S> =
  S extends StringShape<infer T>
    ? T
    : S extends NumberShape
      ? number
      : S extends BooleanShape
        ? boolean
        : S extends BlobShape
          ? string
          : S extends AttributeValueShape
            ? RawAttributeValue
            : S extends ItemShape
              ? RawItem
              : S extends ListShape<infer E>
                ? readonly Infer<E>[]
                : S extends MapShape<infer V>
                  ? { readonly [name: string]: Infer<V> }
                  : S extends StructureShape<infer M>
                    ? InferMembers<M>
                    : never;

type RequiredNames<M> = { [K in keyof M]: M[K] extends RequiredMember ? K : never }[keyof M];

type InferMembers<M> = Flatten<
  {
    readonly [K in RequiredNames<M>]: M[K] extends RequiredMember<infer S> ? Infer<S> : never;
  } & { readonly [K in Exclude<keyof M, RequiredNames<M>>]?: Infer<M[K]> }
>;

type Flatten<T> = { [K in keyof T]: T[K] };

/** A pattern as the service's model writes it; `equivalent` where this runtime spells it differently. */
export const pattern = (text: string, equivalent: string = text): Pattern => ({
  text,
  regexp: new RegExp(`^(?:${equivalent})$`, "u"),
});

export const string = (options: Omit<StringShape, "kind" | "values"> = {}): StringShape => ({
  kind: "string",
  ...options,
});

/** An enum, values in the order in which the service prints them. */
export const oneOf = <const T extends string>(...values: readonly T[]): StringShape<T> => ({
  kind: "string",
  values,
});

type NumberBounds = Pick<NumberShape, "min" | "max">;

export const integer = (bounds: NumberBounds = {}): NumberShape => ({ kind: "integer", ...bounds });
export const long = (bounds: NumberBounds = {}): NumberShape => ({ kind: "long", ...bounds });
export const double = (): NumberShape => ({ kind: "double" });
export const timestamp = (): NumberShape => ({ kind: "timestamp" });
export const boolean = (): BooleanShape => ({ kind: "boolean" });
export const blob = (): BlobShape => ({ kind: "blob" });
export const attributeValue = (): AttributeValueShape => ({ kind: "attributeValue" });
export const item = (): ItemShape => ({ kind: "item" });

export const list = <E extends Shape>(element: E, bounds: LengthBounds = {}): ListShape<E> => ({
  kind: "list",
  element,
  ...bounds,
});

export const map = <V extends Shape>(
  value: V,
  options: LengthBounds & { readonly key?: StringShape } = {},
): MapShape<V> => ({ kind: "map", value, ...options });

export const structure = <const M extends Members>(name: string, members: M): StructureShape<M> => ({
  kind: "structure",
  name,
  members,
});

/** Marks a member that must be present. */
export const required = <S extends Shape>(shape: S, options: RequiredOptions = {}): RequiredMember<S> => ({
  kind: "required",
  shape,
  ...options,
});

/** The same shape, its violations worded as the newer front end does. */
export const modern = <S extends Shape>(shape: S): S => ({ ...shape, modern: true });

/** The shape of a member, required or not. */
export const shapeOf = (member: Shape | RequiredMember): Shape =>
  member.kind === "required" ? member.shape : member;
