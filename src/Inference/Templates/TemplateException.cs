using System.Globalization;

namespace Halo.Inference.Templates;

/// <summary>A chat template that cannot be read, refuses the conversation, or was stopped by a limit; the message says which, and where.</summary>
public sealed class TemplateException : Exception
{
    /// <param name="message">What is wrong.</param>
    /// <param name="line">Line of the template, from 1; 0 where it is not known.</param>
    public TemplateException(string message, int line = 0)
        : base(line > 0 ? string.Create(CultureInfo.InvariantCulture, $"Chat template, line {line}: {message}") : message)
    {
        Line = line;
        Fault = message;
    }

    /// <summary>Line of the template, from 1; 0 where it is not known.</summary>
    public int Line { get; }

    internal string Fault { get; }

    /// <summary>Whether the template itself refused the conversation, with <c>raise_exception</c>: then another conversation may do.</summary>
    public bool IsRefusal { get; init; }
}
