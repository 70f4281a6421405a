namespace Halo.Grains;

/// <summary>Why a model cannot serve.</summary>
public enum ModelFault
{
    /// <summary>There is no model of that name.</summary>
    Unknown,

    /// <summary>The file is damaged or not supported.</summary>
    Unusable,

    /// <summary>The boards' memory is too small.</summary>
    DoesNotFit,

    /// <summary>A shard or board is missing, or a step failed.</summary>
    Failed,
}

/// <summary>A model cannot serve; the message says why and what to do.</summary>
[GenerateSerializer, Alias("halo.model-unavailable")]
public sealed class ModelUnavailableException : Exception
{
    /// <param name="fault">Why.</param>
    /// <param name="message">The reason in words.</param>
    public ModelUnavailableException(ModelFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    [Id(0)]
    public ModelFault Fault { get; private set; }
}

/// <summary>A request asks for something that cannot be done; the message names the field and what it takes.</summary>
[GenerateSerializer, Alias("halo.bad-request")]
public sealed class BadRequestException : Exception
{
    /// <param name="parameter">The field at fault, in the request's own spelling.</param>
    /// <param name="message">What is wrong and what is needed.</param>
    public BadRequestException(string parameter, string message)
        : base(message) => Parameter = parameter;

    /// <summary>The field at fault.</summary>
    [Id(0)]
    public string Parameter { get; private set; }
}
