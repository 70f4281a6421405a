namespace Orleans.Runtime;

/// <summary>Type and key of a grain. Upstream wraps both; here they are plain text.</summary>
/// <param name="Type">The class name in lower case, without "Grain".</param>
/// <param name="Key">The key, unique within the type.</param>
public readonly record struct GrainId(string Type, string Key)
{
    /// <summary>The form <c>type/key</c>.</summary>
    public override string ToString() => $"{Type}/{Key}";
}
