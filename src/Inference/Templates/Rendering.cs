using System.Globalization;
using System.Runtime.CompilerServices;

namespace Halo.Inference.Templates;

/// <summary>One run of a template: what it has taken so far of its limits, and what time it takes it to be.</summary>
internal sealed class Rendering(TemplateLimits limits, DateTimeOffset now)
{
    private int _steps;
    private int _depth;
    private long _chars;

    internal DateTimeOffset Now => now;

    internal TemplateLimits Limits => limits;

    internal void Step(long count = 1)
    {
        if (count > limits.MaxSteps - _steps)
        {
            throw Stopped("steps", limits.MaxSteps, "it may never end");
        }

        _steps += (int)count;
    }

    /// <summary>Accounts for a text before it is made.</summary>
    internal void Make(long chars)
    {
        if (chars > limits.MaxTextChars - _chars)
        {
            throw Stopped("characters of text", limits.MaxTextChars, "it makes more and more");
        }

        _chars += chars;
    }

    internal void Enter()
    {
        // The second guards threads with a small stack.
        if (++_depth > limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Stopped("levels of nesting", limits.MaxDepth, "it nests or calls itself too deeply");
        }
    }

    internal void Leave() => _depth--;

    internal static TemplateException Stopped(string what, long most, string why) => new(string.Create(
        CultureInfo.InvariantCulture, $"the template was stopped at {most:N0} {what}: {why}."));
}
