namespace Halo.Inference.Templates;

/// <summary>
/// Bounds on what a template may take. A model file is from a stranger, and its template is a program: these stop one that would not end, or would fill
/// the memory. All are far above what published templates take for a full context.
/// </summary>
public sealed record TemplateLimits
{
    /// <summary>Longest template in characters; published ones stay under 20,000. Default 1,000,000.</summary>
    public int MaxTemplateChars { get; init; } = 1_000_000;

    /// <summary>Most steps of a rendering: expressions evaluated, statements run, list elements made. Default 2,000,000, about a second.</summary>
    public int MaxSteps { get; init; } = 2_000_000;

    /// <summary>How deep expressions, statements and macro calls may nest, in the template and in running it. Default 200.</summary>
    public int MaxDepth { get; init; } = 200;

    /// <summary>Longest output in characters. Default 16,777,216.</summary>
    public int MaxOutputChars { get; init; } = 1 << 24;

    /// <summary>Most characters of all texts made on the way to the output. Default 134,217,728.</summary>
    public long MaxTextChars { get; init; } = 1L << 27;
}
