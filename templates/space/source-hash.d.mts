export declare const PACKAGES: string[];
export declare const LEFT_OUT: RegExp;
export declare function sourceHash(root: string): string;
